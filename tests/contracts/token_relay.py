"""Token Relay: one key on four protocols, and the customer's management API."""

from tests.contracts.row import rows_of

ROUTES = (
    (
        "GET /v1/models",
        "/sdk/models_endpoints::a_key_sees_only_the_models_in_its_scope",
        "callable_models::what_is_listed_is_answered_and_what_is_not_is_refused",
    ),
    (
        "POST /v1/chat/completions",
        "/sdk/openai_sdk_answers::text_is_answered_and_charged_by_its_reported_usage",
        "/sdk/openai_sdk_streams::a_stream_with_usage_ends_with_it",
    ),
    (
        "POST /v1/messages",
        "/sdk/anthropic_sdk::text_arrives_and_is_charged_alike",
        "/sdk/security_policy::data_never_goes_upstream_and_is_in_the_answer_again",
        "/sdk/context_window::the_oldest_turns_of_a_long_conversation_stay_here",
    ),
    (
        "POST /api/v1/services/aigc/text-generation/generation",
        "/sdk/dashscope_client::text_arrives_and_is_charged",
    ),
    ("GET /openapi/v1/client", "profile::a_key_learns_whose_it_is_and_what_it_may_do"),
    ("GET /openapi/v1/client/profile", "profile::what_is_given_changes_and_the_rest_stays"),
    (
        "PATCH /openapi/v1/client/profile",
        "profile::what_is_given_changes_and_the_rest_stays",
        "profile::a_change_at_fault_changes_nothing",
    ),
    ("POST /openapi/v1/conversations", "conversations::a_conversation_is_what_was_said_of_it"),
    (
        "GET /openapi/v1/conversations",
        "conversations::lists_are_the_newest_first_filtered_and_in_pages",
    ),
    (
        "GET /openapi/v1/conversations/{conversation_id}",
        "conversations::calls_join_it_and_it_says_what_they_cost",
    ),
    (
        "PATCH /openapi/v1/conversations/{conversation_id}",
        "conversations::what_is_given_changes_and_the_rest_stays",
    ),
    (
        "DELETE /openapi/v1/conversations/{conversation_id}",
        "conversations::archiving_twice_is_archiving_once",
    ),
    (
        "GET /openapi/v1/context/config",
        "context_config::at_first_calls_go_whole_and_nothing_is_kept",
    ),
    (
        "PATCH /openapi/v1/context/config",
        "context_config::what_is_given_changes_the_rest_stays_and_null_turns_off",
        "/sdk/context_window::the_oldest_turns_of_a_long_conversation_stay_here",
        "/api/forgetting::what_is_due_is_archived_and_its_words_are_gone",
        "/sdk/answer_cache::a_hit_is_charged_at_the_cached_tier_for_the_usage_of_then",
    ),
    (
        "GET /openapi/v1/security/policy",
        "security_policy::at_first_nothing_is_asked_and_nothing_is_kept",
    ),
    (
        "PATCH /openapi/v1/security/policy",
        "security_policy::what_is_given_changes_and_the_rest_stays",
        "/sdk/security_policy::a_blocked_term_refuses_the_call_before_anything_is_held",
        "/sdk/security_policy::data_never_goes_upstream_and_is_in_the_answer_again",
        "/sdk/security_policy::what_is_kept_is_deleted_after_its_days",
        "/sdk/security_policy::no_model_outside_the_scope_answers",
    ),
    ("GET /openapi/v1/routing/policy", "routing_policy::at_first_nothing_is_asked"),
    (
        "PATCH /openapi/v1/routing/policy",
        "routing_policy::what_is_given_changes_and_the_rest_stays",
        "routing_policy::a_scope_says_the_models_and_what_is_wrong_with_it_is_said_of_the_scope",
        "/sdk/routing::a_customers_policy_is_obeyed_on_the_very_next_call",
        "/sdk/routing::without_fallback_a_failure_is_the_answer",
    ),
    ("GET /openapi/v1/resources", "resources::models_come_first_and_then_the_others"),
    (
        "GET /openapi/v1/resources/{resource_id}",
        "resources::a_resource_is_told_as_the_operator_wrote_it",
    ),
    ("GET /openapi/v1/resource-types", "resources::types_are_all_told_with_how_many_there_are"),
    (
        "GET /openapi/v1/models",
        "models::models_come_first_then_aliases_and_auto_each_told_as_what_it_is",
    ),
    (
        "GET /openapi/v1/models/{model}",
        "models::a_model_tells_what_it_can_do_and_costs",
        "models::ids_with_slashes_are_found_encoded_or_not",
    ),
    (
        "GET /openapi/v1/models/{model}/preflight",
        "preflight_truth::a_call_right_after_is_answered_if_and_only_if_it_was_said_to_be",
        "preflight::the_links_lead_to_the_books_of_that_model",
    ),
    ("GET /openapi/v1/model-tags", "models::tags_are_those_of_visible_models_once_each"),
    ("GET /openapi/v1/balance", "balance::the_balance_after_a_call_is_the_grant_less_the_charge"),
    ("GET /openapi/v1/balance/config", "balance_config::at_first_nothing_is_watched"),
    (
        "PATCH /openapi/v1/balance/config",
        "balance_config::what_is_given_changes_and_the_rest_stays",
        "/sdk/money::the_background_raises_alerts_and_tries_to_tell_them",
    ),
    (
        "POST /openapi/v1/balance/check",
        "balance_config::an_amount_is_checked_against_what_is_available_now",
        "balance_config::a_call_is_checked_by_its_worst_case",
    ),
    (
        "GET /openapi/v1/balance-transactions",
        "balance::transactions_tell_the_whole_story_and_add_up",
    ),
    (
        "GET /openapi/v1/balance-transactions.csv",
        "transactions_csv::the_table_has_the_same_entries_as_the_list",
    ),
    (
        "GET /openapi/v1/balance-transactions/{transaction_id}",
        "balance::one_transaction_is_found_by_its_id",
    ),
    ("GET /openapi/v1/api-keys", "api_keys::keys_are_listed_by_pages_and_by_status"),
    ("POST /openapi/v1/api-keys", "api_keys::a_key_is_shown_once_and_told_of_ever_after"),
    (
        "GET /openapi/v1/api-keys/{api_key_id}",
        "api_keys::what_was_spent_and_held_and_when_it_was_last_used_is_told",
    ),
    (
        "GET /openapi/v1/api-keys/{api_key_id}/model-access",
        "key_secrets::what_a_key_can_call_is_told_by_what_a_call_would_be_refused_with",
    ),
    (
        "PATCH /openapi/v1/api-keys/{api_key_id}",
        "api_keys::what_is_left_out_of_a_change_stays_and_an_empty_list_is_automatic",
    ),
    (
        "DELETE /openapi/v1/api-keys/{api_key_id}",
        "api_keys::a_disabled_key_is_over_at_once_and_for_good",
    ),
    (
        "POST /openapi/v1/api-keys/{api_key_id}/disable",
        "api_keys::a_disabled_key_is_over_at_once_and_for_good",
        "/simulation/revocation::no_call_is_held_for_a_key_after_it_was_disabled_in_the_midst_of_64_callers",
    ),
    (
        "POST /openapi/v1/api-keys/{api_key_id}/copy",
        "key_secrets::a_copy_has_the_same_terms_and_its_own_secret_and_spending",
    ),
    (
        "POST /openapi/v1/api-keys/{api_key_id}/rotate",
        "key_secrets::a_rotated_key_is_the_same_key_with_another_secret",
    ),
    (
        "GET /openapi/v1/usage/breakdown",
        "usage::groups_add_up_to_the_totals_and_these_to_the_calls",
    ),
    (
        "GET /openapi/v1/billing/cost-breakdown",
        "usage::costs_are_told_by_model_unless_asked_otherwise",
    ),
    (
        "GET /openapi/v1/billing/detail",
        "billing_detail::every_call_is_a_row_the_newest_first",
        "billing_detail::filters_narrow_list_and_csv_alike",
        "billing_detail::a_call_is_found_by_its_id_and_by_its_key",
    ),
    ("GET /openapi/v1/billing/detail.csv", "billing_detail::the_csv_says_what_the_json_says"),
    (
        "GET /openapi/v1/billing/monthly-statement",
        "monthly_statement::a_closed_month_is_the_issued_document",
    ),
    (
        "GET /openapi/v1/billing/monthly-statement.csv",
        "monthly_statement::the_table_has_the_same_lines",
    ),
    ("GET /openapi/v1/billing/rules", "billing_rules::every_priced_model_has_a_rule"),
    (
        "GET /openapi/v1/billing/rules/{model}",
        "billing_rules::one_rule_names_what_each_component_is_priced_as",
    ),
    ("GET /openapi/v1/cost/overview", "cost::the_overview_tells_the_spend_of_now_and_lately"),
    ("GET /openapi/v1/cost/trend", "cost::the_trend_has_every_day"),
    ("GET /openapi/v1/cost/models", "cost::models_are_told_by_what_they_came_to"),
    ("GET /openapi/v1/cost/models/{model}", "cost::one_model_by_day_and_by_key"),
    (
        "GET /openapi/v1/observation/metrics",
        "observation::metrics_tell_success_errors_latency_and_tokens",
    ),
    (
        "GET /openapi/v1/observation/charts",
        "observation::a_chart_has_a_value_for_each_bucket_and_zeros_where_nothing_was",
    ),
    ("GET /openapi/v1/observation/logs", "observation::the_log_lists_every_call_the_newest_first"),
    (
        "GET /openapi/v1/traces/{request_id}",
        "traces::an_answered_call_shows_every_step_and_they_fill_its_time",
    ),
)
"""By method and path."""
OTHERS = (
    ("One key on every protocol", "/matrix/matrix::every_client_gets_the_same_from_every_upstream"),
    (
        "`allowed_model_ids: []` is automatic; one is single; several are selected",
        "api_keys::the_scope_is_told_by_its_mode",
    ),
    (
        "PATCH without `allowed_model_ids` changes nothing, `[]` clears it",
        "api_keys::what_is_left_out_of_a_change_stays_and_an_empty_list_is_automatic",
    ),
    (
        "A key scoped away from a model is told `model_not_allowed`",
        "/sdk/openai_sdk_errors::a_key_without_the_model_in_its_scope_is_denied",
    ),
    (
        "Customers see charges, and never cost, margin or a supplier",
        "customer_safe::no_answer_holds_what_only_the_operator_may_know",
    ),
    (
        "The envelope",
        "envelope::what_a_route_says_and_what_it_refuses_is_in_the_envelope",
    ),
)

ROWS = rows_of("Token Relay", "api/openapi", (*ROUTES, *OTHERS))
