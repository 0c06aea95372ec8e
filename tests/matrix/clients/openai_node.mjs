// The openai SDK for Node on chat completions: reads cases, prints what came back.
// Arguments: base URL and key; the cases come on stdin.

import { readFileSync } from "node:fs";

import OpenAI from "openai";

const [url, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

function messagesOf(test) {
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${test.image}` } };
  const content = test.image ? [{ type: "text", text: test.asks }, image] : test.asks;
  const messages = [{ role: "user", content }];
  if (test.system) messages.unshift({ role: "system", content: test.system });
  if (test.result) {
    const { id, name, text } = test.result;
    const call = { name, arguments: JSON.stringify(test.result.arguments) };
    const calls = [{ id, type: "function", function: call }];
    messages.push({ role: "assistant", content: null, tool_calls: calls });
    messages.push({ role: "tool", tool_call_id: id, content: text });
  }
  return messages;
}

function optionsOf(test) {
  const options = { max_completion_tokens: test.max_tokens };
  if (test.tool) {
    const { name, schema } = test.tool;
    const described = { name, description: "d", parameters: schema };
    options.tools = [{ type: "function", function: described }];
  }
  if (test.schema) {
    const named = { name: "capital", schema: test.schema, strict: true };
    options.response_format = { type: "json_schema", json_schema: named };
  }
  if (test.stop) options.stop = [test.stop];
  if (test.thinking) options.reasoning_effort = "medium";
  return options;
}

async function completionOf(test) {
  const given = { model: test.model, messages: messagesOf(test), ...optionsOf(test) };
  if (!test.stream) return client.chat.completions.create(given);
  given.stream_options = { include_usage: true };
  let thoughts = "";
  const runner = client.chat.completions.stream(given);
  runner.on("chunk", (chunk) => {
    thoughts += chunk.choices[0]?.delta?.reasoning_content ?? "";
  });
  const completion = await runner.finalChatCompletion();
  completion.choices[0].message.reasoning_content = thoughts;
  return completion;
}

const STOPS = { stop: "stop", length: "length", tool_calls: "tool" };

async function asked(test) {
  const completion = await completionOf(test);
  const { message, finish_reason: finish } = completion.choices[0];
  const { usage } = completion;
  const inputs = usage.prompt_tokens_details ?? {};
  return {
    text: message.content ?? "",
    thoughts: message.reasoning_content ?? "",
    calls: (message.tool_calls ?? []).map((call) => [
      call.function.name,
      JSON.parse(call.function.arguments),
    ]),
    stop: STOPS[finish] ?? finish,
    usage: {
      input: usage.prompt_tokens,
      cached: inputs.cached_tokens ?? null,
      written: inputs.cache_write_tokens ?? null,
      output: usage.completion_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens ?? null,
    },
  };
}

async function tried(test) {
  try {
    return await asked(test);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError) || error.status === undefined) throw error;
    return { refused: [error.status, error.code ?? null, error.param ?? null] };
  }
}

const results = {};
for (const test of JSON.parse(readFileSync(0, "utf8"))) results[test.id] = await tried(test);
process.stdout.write(JSON.stringify(results));
