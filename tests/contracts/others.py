"""JoyToken, TokenCode and Credex: OpenAI's protocol, with what each adds to it."""

from tests.contracts.row import rows_of

JOYTOKEN = (
    (
        "POST /openai/v1/chat/completions",
        "joytoken_contract::a_whole_answer_carries_metadata_and_headers",
    ),
    ("The same, streamed", "joytoken_contract::the_sdk_survives_the_metadata_in_a_stream"),
    (
        "GET /api/v1/models without a key",
        "models_endpoints::the_public_catalogue_needs_no_key_and_names_no_supplier",
    ),
    ("`Authorization: Bearer`", "openai_sdk_errors::a_wrong_key_is_an_authentication_error"),
    ("`X-API-Key` alone", "joytoken_contract::x_api_key_alone_is_enough"),
    (
        "`X-API-Key` goes before `Authorization`",
        "joytoken_contract::x_api_key_wins_over_authorization",
    ),
    (
        "`X-Request-ID` of the caller, or one of ours",
        "what_the_upstream_receives::a_valid_request_id_of_the_caller_is_echoed",
    ),
    (
        "`X-DAOE-Used-Model`, `X-DAOE-Used-Provider`",
        "joytoken_contract::a_whole_answer_carries_metadata_and_headers",
        "openai_sdk_streams::a_stream_names_what_served_it_and_its_ids",
    ),
    ("`X-DAOE-Failover`", "failover::the_second_route_answers_for_the_first"),
    (
        "`metadata`: model, tier, score, recommendation, latency, billing",
        "joytoken_contract::a_whole_answer_carries_metadata_and_headers",
        "routing::auto_is_any_model_of_the_tier_that_the_caller_names",
    ),
    (
        "`metadata` before `[DONE]` in a stream",
        "joytoken_contract::the_stream_metadata_rides_on_the_usage_chunk_when_that_was_asked_for",
        "joytoken_contract::the_stream_metadata_has_a_legal_chunk_of_its_own_when_usage_was_not_asked_for",
    ),
    (
        "An error's `type` is its code",
        "joytoken_contract::the_type_of_an_error_is_its_code",
        "joytoken_contract::a_refused_key_is_named_in_joytokens_way",
    ),
    ("`model: auto` with a `tier`", "routing::auto_is_any_model_of_the_tier_that_the_caller_names"),
    (
        "Model ids with an owner",
        "models_endpoints::the_sdk_finds_a_model_also_by_an_id_with_a_slash",
    ),
    ("OpenAI's SDK for Python", "joytoken_contract::the_stream_helper_survives_the_metadata"),
    (
        "OpenAI's SDK for TypeScript, at `/v1`",
        "responses/node::text_arrives_whole_and_streamed",
    ),
    ("LangChain, at `/v1`", "responses/langchain::text_arrives_whole_and_streamed"),
    ("Codex CLI's turns, at `/v1/responses`", "responses/codex::a_turn_is_answered"),
    (
        "Claude Code's turns, at `/v1/messages`",
        "coding_tools::claude_code_reads_a_file_and_answers",
    ),
    (
        "The turns of editors such as Cursor",
        "coding_tools::an_editor_of_openais_protocol_reads_a_file_and_answers",
    ),
    (
        "The plaintext key is shown once",
        "/api/openapi/api_keys::a_key_is_shown_once_and_told_of_ever_after",
    ),
    (
        "The first call by copy and paste",
        "/api/reference/served::the_first_call_works_by_copy_and_paste",
    ),
)
TOKENCODE = (
    ("Bearer token or `x-api-key`", "joytoken_contract::x_api_key_alone_is_enough"),
    ("GET /v1/models", "models_endpoints::the_sdk_lists_every_model_in_the_files_order"),
    (
        "POST /v1/chat/completions",
        "openai_sdk_answers::text_is_answered_and_charged_by_its_reported_usage",
    ),
    (
        "temperature, top_p, penalties and every other hint go upstream",
        "what_the_upstream_receives::the_body_goes_upstream_unchanged_but_for_what_is_ours",
    ),
    ("max_tokens", "openai_sdk_answers::an_answer_cut_at_the_cap_says_so"),
    ("n", "openai_sdk_answers::two_choices_are_both_held_and_both_charged"),
    ("stop", "openai_sdk_answers::stop_sequences_go_upstream"),
    (
        "tools, tool_choice",
        "openai_sdk_answers::a_tool_call_arrives_with_its_arguments",
        "openai_sdk_answers::parallel_tool_calls_arrive_apart",
    ),
    ("stream", "openai_sdk_streams::chunks_are_relayed_byte_for_byte"),
    ("POST /v1/embeddings, with encoding_format", "embeddings::text_and_tokens_alone_or_together"),
    (
        "Claude and Gemini by OpenAI's protocol, whole and streamed",
        "/matrix/matrix::every_client_gets_the_same_from_every_upstream",
    ),
    (
        "What cannot be converted is refused by its name",
        "/matrix/matrix::only_what_a_protocol_has_no_words_for_is_refused_or_unsaid",
    ),
    (
        "Errors in OpenAI's shape: 400",
        "openai_sdk_errors::a_bad_request_names_its_fault_and_holds_nothing",
    ),
    ("401", "openai_sdk_errors::a_wrong_key_is_an_authentication_error"),
    (
        "403, a model that is not available",
        "openai_sdk_errors::a_key_without_the_model_in_its_scope_is_denied",
    ),
    (
        "429, rate limit",
        "rate_limits::the_sdk_raises_a_rate_limit_error_that_says_when_to_come_again",
    ),
    (
        "429 for want of balance, if the operator says so (402 otherwise)",
        "/api/inference/rendering::by_setting_a_want_of_funds_is_429_that_no_sdk_retries",
    ),
    ("500", "/api/inference/untellable_errors::it_is_a_500_with_its_ids"),
    ("502", "openai_sdk_errors::an_upstream_failure_is_told_in_our_words_and_released"),
)
CREDEX = (
    (
        "Billing by a share of list",
        "/api/catalog_prices::a_pool_sells_its_models_at_one_share_of_list",
    ),
    (
        "POST /v1/chat/completions, whole and streamed",
        "openai_sdk_answers::text_is_answered_and_charged_by_its_reported_usage",
        "openai_sdk_streams::a_stream_with_usage_ends_with_it",
    ),
    (
        "POST /v1/completions",
        "text_completions::a_model_that_completes_gets_the_callers_own_body",
        "text_completions::a_chat_model_is_asked_as_one_user",
    ),
    (
        "GET /v1/models, of the providers enabled for the key",
        "models_endpoints::a_key_sees_only_the_models_of_its_providers",
    ),
    (
        "Models of OpenAI, Anthropic, Google and Amazon",
        "/matrix/matrix::every_client_gets_the_same_from_every_upstream",
    ),
    ("OpenAI's SDK for Node", "responses/node::text_arrives_whole_and_streamed"),
    (
        "401, a missing or invalid key",
        "openai_sdk_errors::a_missing_key_is_an_authentication_error",
        "openai_sdk_errors::a_wrong_key_is_an_authentication_error",
    ),
    (
        "402, insufficient balance of the key",
        "openai_sdk_errors::too_little_money_is_a_402_that_says_how_much_is_short",
        "openai_sdk_errors::the_402_names_what_is_short",
    ),
    (
        "429, upstream saturation",
        "failover::when_every_route_is_saturated_the_caller_is_told_to_wait",
    ),
    ("502, upstream failure", "failover::a_refused_connection_without_another_route_is_a_502"),
)

ROWS = [
    *rows_of("JoyToken", "sdk", JOYTOKEN),
    *rows_of("TokenCode", "sdk", TOKENCODE),
    *rows_of("Credex", "sdk", CREDEX),
]
