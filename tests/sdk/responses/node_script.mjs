// Run inside a Node project of its own: ask in each way, print what came of it as JSON.
// Arguments: base URL, key, model.
import OpenAI from "openai";

const [baseURL, apiKey, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const input = "one two three";
const tools = [
  {
    type: "function",
    name: "get_weather",
    description: "d",
    parameters: { type: "object", properties: { city: { type: "string" } } },
    strict: false,
  },
];
const seen = {};

const told = ({ output_text, status, usage, output }) => ({
  text: output_text,
  status,
  usage: usage && [usage.input_tokens, usage.output_tokens],
  calls: output.filter((item) => item.type === "function_call").map((item) => item.arguments),
});

const failureOf = async (asking) => {
  try {
    await asking();
  } catch (error) {
    return [error.constructor.name, error.status ?? null, error.code ?? null, error.param ?? null];
  }
  return [];
};

seen.text = told(await client.responses.create({ model, input }));
seen.capped = told(await client.responses.create({ model, input, max_output_tokens: 2 }));
seen.stream = told(await client.responses.stream({ model, input }).finalResponse());
seen.calls = told(await client.responses.create({ model, input, tools }));
seen.streamed_calls = told(await client.responses.stream({ model, input, tools }).finalResponse());
seen.chat = (
  await client.chat.completions.create({ model, messages: [{ role: "user", content: input }] })
).choices[0].message.content;
seen.stateful = await failureOf(() =>
  client.responses.create({ model, input, previous_response_id: "resp_1" }),
);
seen.unknown = await failureOf(() => client.responses.create({ model: "none", input }));
seen.broken = [];
for await (const event of await client.responses.create({ model, input, stream: true })) {
  seen.broken.push(event.type);
}
console.log(JSON.stringify(seen));
