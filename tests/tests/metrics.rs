//! The metrics in the lines of the functions' real binaries, as they are found there by those who read them.

#[cfg(test)]
mod metrics {
    use std::collections::BTreeSet;

    use local::{
        aws::{AwsFault, Effect as AwsEffect, FailedEntries},
        google::{Effect, Endpoint, GmailError},
    };
    use serde_json::{Value, json};
    use tests::{
        PATIENCE,
        event::Event,
        runtime_api::FunctionProcess,
        secrets_search::assert_no_secrets,
        world::{ANNA, CLIENT_SECRET, COOKIE_KEY, World, sub},
    };

    /// A function's process over a world, named as in a stack.
    async fn start(world: &World, name: &str) -> FunctionProcess {
        start_as(world, name, &format!("gmail-connect-{name}")).await
    }

    async fn start_as(world: &World, name: &str, function_name: &str) -> FunctionProcess {
        let variables = [("AWS_LAMBDA_FUNCTION_NAME", function_name), ("EVENT_BUS_NAME", "connections")];
        world.process(name, &variables).await
    }

    /// Sends a request and gives its line, the `nth` of the process.
    async fn line(process: &FunctionProcess, event: &Event, nth: usize) -> Value {
        process.ask(event).await;
        line_of(process, "request", nth).await
    }

    /// Hands over a batch of records and gives its line, the `nth` of the process.
    async fn batch_line(process: &FunctionProcess, batch: &Value, nth: usize) -> Value {
        process.invoke(batch, PATIENCE).await.unwrap();
        line_of(process, "batch", nth).await
    }

    async fn line_of(process: &FunctionProcess, message: &str, nth: usize) -> Value {
        let mut lines = process.lines(nth + 1).await;
        lines.retain(|line| line["message"] == message);
        lines.remove(nth)
    }

    fn listing(query: &str) -> Event {
        Event::get(&format!("/users/{}/messages", sub(ANNA))).query(query).iam()
    }

    /// What is made of a line: each metric with the names of its dimensions, and its value.
    fn metrics(line: &Value) -> Vec<(String, Vec<String>, Value)> {
        let of_directive = |directive: &Value| {
            assert_eq!(directive["Namespace"], "GmailConnect");
            let dimensions: Vec<Vec<String>> = serde_json::from_value(directive["Dimensions"].clone()).unwrap();
            assert!(dimensions.iter().flatten().all(|name| line[name].is_string()), "{line}");
            let names = directive["Metrics"].as_array().unwrap().iter().map(|metric| {
                let name = metric["Name"].as_str().unwrap();
                assert_eq!(metric["Unit"], if name.ends_with("Latency") { "Milliseconds" } else { "Count" });
                name.to_owned()
            });
            names.map(|name| (name.clone(), dimensions.concat(), line[&name].clone())).collect::<Vec<_>>()
        };
        line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten().flat_map(of_directive).collect()
    }

    /// The value of a metric by its dimensions, if it is in the line.
    fn value(line: &Value, name: &str, dimensions: &[&str]) -> Option<Value> {
        let found = metrics(line).into_iter().filter(|(found, by, _)| found == name && by == dimensions);
        let mut values: Vec<_> = found.map(|(_, _, value)| value).collect();
        assert!(values.len() <= 1, "{line}");
        values.pop()
    }

    fn of_service(line: &Value, name: &str) -> Option<Value> {
        value(line, name, &["Service"])
    }

    fn count_of(line: &Value, name: &str) -> usize {
        of_service(line, name).map_or(0, |values| values.as_array().unwrap().len())
    }

    /// Makes the stored access token one that is over, for us alone.
    fn expire(world: &World) {
        let past = json!({"S": "2020-01-01T00:00:00.000Z"});
        world.change_connection(ANNA, |item| item["access_token_expires_at"] = past);
    }

    #[tokio::test]
    async fn a_listing_says_what_it_took_and_only_the_first_that_it_was_cold() {
        let world = World::start().await;
        world.connect(ANNA).await;
        expire(&world);
        let process = start(&world, "list-messages").await;

        let first = line(&process, &listing(""), 0).await;
        assert_eq!((&first["Service"], &first["Function"]), (&json!("gmail-connect"), &json!("list-messages")));
        assert_eq!(value(&first, "ColdStarts", &["Service", "Function"]), Some(json!(1)));
        assert_eq!(of_service(&first, "Refreshes"), Some(json!(1)));
        assert_eq!(of_service(&first, "GmailQuotaUnits"), Some(json!(5)));
        assert_eq!(of_service(&first, "AccessTokenCacheHits"), None);
        assert_eq!((count_of(&first, "GmailLatency"), count_of(&first, "GoogleTokenLatency")), (1, 1));
        // The secrets are read before the first invocation.
        assert!(count_of(&first, "SecretsManagerLatency") > 0 && count_of(&first, "KmsLatency") > 0, "{first}");
        assert!(!first["upstream"].to_string().contains("secretsmanager"), "{first}");
        let (at, now) = (first["_aws"]["Timestamp"].as_i64().unwrap(), first["timestamp"].as_str().unwrap());
        let now = shared::domain::time::Timestamp::parse(now).unwrap().unix_millis();
        assert!((0..20_000).contains(&(now - at)), "{at} {now}");

        let second = line(&process, &listing("format=minimal&maxResults=3"), 1).await;
        assert_eq!(of_service(&second, "AccessTokenCacheHits"), Some(json!(1)));
        assert_eq!(of_service(&second, "GmailQuotaUnits"), Some(json!(5 + 3 * 20)));
        assert_eq!(count_of(&second, "GmailLatency"), 2);
        for absent in ["ColdStarts", "Function", "Refreshes", "Cause", "SecretsManagerLatency", "GoogleTokenLatency"] {
            assert!(second.get(absent).is_none(), "{absent}: {second}");
        }
    }

    #[tokio::test]
    async fn a_line_without_metrics_has_lambdas_ids_and_no_member_of_metrics() {
        let world = World::start().await;
        let process = start(&world, "list-messages").await;
        line(&process, &Event::get("/nowhere"), 0).await;
        let second = line(&process, &Event::get("/nowhere"), 1).await;
        let members: BTreeSet<_> = second.as_object().unwrap().keys().map(String::as_str).collect();
        let known = ["cold", "duration_ms", "function", "level", "message", "outcome", "route", "status", "timestamp"];
        assert_eq!(members, known.into_iter().chain(["request_id", "trace_id", "upstream"]).collect());
        assert_eq!(second["request_id"], "00000000-0000-4000-8000-000000000001");
        assert_eq!(second["trace_id"], "1-6921308c-0123456789abcdef01234567");
    }

    #[tokio::test]
    async fn an_ended_access_is_counted_by_its_cause_each_time_that_consent_is_asked_for() {
        let world = World::start().await;
        world.connect(ANNA).await;
        expire(&world);
        world.google.revoke(&sub(ANNA));
        let process = start(&world, "list-messages").await;
        for nth in 0..2 {
            let line = line(&process, &listing(""), nth).await;
            assert_eq!(
                (&line["outcome"], &line["Cause"]),
                (&json!("reauthorization_required"), &json!("invalid_grant"))
            );
            assert_eq!(of_service(&line, "Reauthorizations"), Some(json!(1)));
            assert_eq!(value(&line, "Reauthorizations", &["Service", "Cause"]), Some(json!(1)));
            // The second is told from what is stored.
            assert_eq!(of_service(&line, "Refreshes").is_some(), nth == 0);
        }
        // Whatever is stored as a reason, it is not a metric's name for it.
        for (stored, cause) in [("account_disabled:hijacking", "account_disabled"), (ANNA, "unknown")] {
            world.change_connection(ANNA, |item| item["status_reason"] = json!({"S": stored}));
            let nth = if cause == "unknown" { 3 } else { 2 };
            assert_eq!(line(&process, &listing(""), nth).await["Cause"], cause);
        }
    }

    #[tokio::test]
    async fn a_refresh_is_counted_once_however_often_it_is_tried_and_every_request_to_gmail_costs() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let process = start(&world, "list-messages").await;
        let broken = || Effect::Status { status: 503, body: None, headers: vec![] };
        world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::AuthError));
        world.google.faults().inject_times(Endpoint::Token, 2, broken());
        let line = line(&process, &listing(""), 0).await;
        assert_eq!(line["outcome"], "ok");
        assert_eq!(of_service(&line, "Refreshes"), Some(json!(1)));
        assert_eq!(of_service(&line, "AccessTokenCacheHits"), Some(json!(1)));
        assert_eq!(of_service(&line, "GmailQuotaUnits"), Some(json!(10)));
        assert_eq!((count_of(&line, "GoogleTokenLatency"), count_of(&line, "GmailLatency")), (3, 2));
        let mut retries = process.lines(1).await;
        retries.retain(|line| line["message"] == "trying again");
        assert_eq!(retries.len(), 2, "{retries:?}");
        for retry in retries {
            assert_eq!(retry["request_id"], "00000000-0000-4000-8000-000000000000", "{retry}");
        }
    }

    #[tokio::test]
    async fn what_the_operator_must_mend_is_counted() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let process = start(&world, "list-messages").await;
        world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::ServiceDisabled));
        let mended = [Some(json!(1)), None];
        for (nth, misconfigured) in mended.into_iter().enumerate() {
            assert_eq!(of_service(&line(&process, &listing(""), nth).await, "Misconfigured"), misconfigured);
        }
        let events = start(&world, "connection-events").await;
        let record = json!({"eventID": "1", "dynamodb": {"SequenceNumber": "1", "StreamViewType": "KEYS_ONLY"}});
        let line = batch_line(&events, &json!({"Records": [record]}), 0).await;
        assert_eq!((&line["Service"], &line["Function"]), (&json!("gmail-connect"), &json!("connection-events")));
        assert_eq!(of_service(&line, "Misconfigured"), Some(json!(1)));
    }

    /// The one line of a denial: the service, the action, and where to look.
    async fn denial(process: &FunctionProcess, service: &str, action: &str) -> String {
        let lines = process.lines(1).await;
        let denials: Vec<_> = lines.iter().filter(|line| line["message"] == "AWS denied a call").collect();
        let of_action = |line: &&&Value| line["service"] == service && line["action"] == action;
        let found = denials.iter().find(of_action).unwrap_or_else(|| panic!("{denials:?}"));
        assert_eq!((&found["level"], &found["error"]), (&json!("error"), &json!("AccessDeniedException")));
        found["look_at"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_call_that_aws_denies_is_counted_and_named_whichever_service_it_is_of() {
        let denied = || AwsFault::always(AwsEffect::Error { code: "AccessDeniedException".to_owned() });
        for (fault, service, action, permission) in
            [("KMS", "KMS", "Decrypt", "TOKEN_KMS_KEY_ID"), ("DynamoDB", "DynamoDB", "GetItem", "CONNECTIONS_TABLE")]
        {
            let world = World::start().await;
            world.connect(ANNA).await;
            let process = start(&world, "list-messages").await;
            world.aws.faults().fail(fault, denied());
            let line = line(&process, &listing(""), 0).await;
            assert_eq!((&line["status"], of_service(&line, "AccessDenied")), (&json!(503), Some(json!(1))));
            assert!(denial(&process, service, action).await.contains(permission));
        }
    }

    #[tokio::test]
    async fn a_key_that_is_disabled_is_counted_as_a_denial() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let process = start(&world, "list-messages").await;
        world.aws.kms().disable(&world.variables()["TOKEN_KMS_KEY_ID"]).unwrap();
        let line = line(&process, &listing(""), 0).await;
        assert_eq!((&line["status"], of_service(&line, "AccessDenied")), (&json!(503), Some(json!(1))));
    }

    #[tokio::test]
    async fn secrets_that_cannot_be_had_in_one_call_are_no_denial() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let denied = AwsFault::always(AwsEffect::Error { code: "AccessDeniedException".to_owned() });
        world.aws.faults().fail("SecretsManager.BatchGetSecretValue", denied);
        let process = start(&world, "list-messages").await;
        let line = line(&process, &listing(""), 0).await;
        assert_eq!((&line["status"], of_service(&line, "AccessDenied")), (&json!(200), None));
        assert!(line["SecretsManagerLatency"].as_array().is_some_and(|calls| calls.len() >= 3), "{line}");
    }

    #[tokio::test]
    async fn a_denial_before_the_first_request_is_in_the_first_line() {
        let world = World::start().await;
        world
            .aws
            .faults()
            .fail("SecretsManager", AwsFault::always(AwsEffect::Error { code: "AccessDeniedException".to_owned() }));
        let process = start(&world, "list-messages").await;
        // The runtime asks for work only after the start: nothing is denied for this request itself.
        let first = line(&process, &Event::get("/nowhere"), 0).await;
        assert!(of_service(&first, "AccessDenied").is_some_and(|count| count.as_u64() > Some(0)), "{first}");
        assert!(denial(&process, "Secrets Manager", "GetSecretValue").await.contains("CLIENT_SECRET_ID"));
        assert!(of_service(&line(&process, &Event::get("/nowhere"), 1).await, "AccessDenied").is_none());
    }

    #[tokio::test]
    async fn a_bus_that_denies_is_counted_for_the_call_and_for_an_entry() {
        let world = World::start().await;
        let process = start(&world, "connection-events").await;
        let image = json!({"pk": {"S": "connection#1"}, "generation": {"N": "1"}});
        let record = json!({"eventID": "1", "dynamodb": {"SequenceNumber": "1", "NewImage": image}});
        let event = json!({"Records": [record]});
        let code = "AccessDeniedException".to_owned();
        let entries = FailedEntries { indices: vec![0], code: code.clone() };
        for (nth, effect) in [AwsEffect::Error { code }, AwsEffect::FailEntries(entries)].into_iter().enumerate() {
            world.aws.faults().fail("EventBridge", AwsFault::times(1, effect));
            let line = batch_line(&process, &event, nth).await;
            assert_eq!(of_service(&line, "AccessDenied"), Some(json!(1)));
            assert_eq!(count_of(&line, "EventBridgeLatency"), 1);
        }
        assert!(denial(&process, "EventBridge", "PutEvents").await.contains("EVENT_BUS_NAME"));
    }

    #[tokio::test]
    async fn no_dimension_names_a_user_and_no_metric_line_holds_a_secret() {
        let world = World::start().await;
        world.connect(ANNA).await;
        expire(&world);
        let process = start(&world, "list-messages").await;
        for (nth, query) in ["", "format=minimal", "q=in:inbox"].into_iter().enumerate() {
            let line = line(&process, &listing(query), nth).await;
            let names: BTreeSet<_> = metrics(&line).into_iter().flat_map(|(_, dimensions, _)| dimensions).collect();
            for name in names {
                let value = line[&name].as_str().unwrap();
                assert!(["gmail-connect", "list-messages"].contains(&value), "{name} {value}");
            }
            assert!(!line.to_string().contains(&sub(ANNA)), "{line}");
        }
        let mut secrets = world.issued_tokens();
        secrets.extend([ANNA, CLIENT_SECRET, COOKIE_KEY].map(str::to_owned));
        let secrets: Vec<_> = secrets.iter().map(|secret| ("a secret", secret.as_str())).collect();
        assert_no_secrets(&[("list-messages", &process.output())], &secrets);
    }

    #[tokio::test]
    async fn each_function_of_a_stack_has_the_same_service() {
        let world = World::start().await;
        for (name, function_name, service) in [
            ("authorize-url", "mail-2-authorize-url", "mail-2"),
            ("callback", "mail-2-callback", "mail-2"),
            ("connection", "mail-2-connection", "mail-2"),
            ("security-events", "mail-2-security-events", "mail-2"),
            ("callback", "renamed", "renamed"),
        ] {
            let process = start_as(&world, name, function_name).await;
            let line = line(&process, &Event::get("/nowhere"), 0).await;
            assert_eq!((&line["Service"], &line["Function"]), (&json!(service), &json!(name)), "{function_name}");
        }
    }

    #[tokio::test]
    async fn a_callback_says_what_it_took() {
        let world = World::start().await;
        let process = start(&world, "callback").await;
        let begun = world.authorize("").await;
        let url = begun.json().unwrap()["authorization_url"].as_str().unwrap().to_owned();
        let location = world.consent(&url, &local::google::Decision::all(ANNA));
        let cookies: Vec<_> = begun.cookies().map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect();
        let event = Event::get("/callback").query(location.split_once('?').unwrap().1).cookies(cookies);
        let answer = process.ask(&event).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        let line = line_of(&process, "request", 0).await;
        for latency in ["GoogleTokenLatency", "GoogleKeysLatency", "KmsLatency", "DynamoDbLatency"] {
            assert!(count_of(&line, latency) > 0, "{latency}: {line}");
        }
        assert_eq!(of_service(&line, "Refreshes"), None);
    }
}
