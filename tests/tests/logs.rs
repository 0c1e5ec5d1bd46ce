//! What the functions' real binaries print: one JSON object a line, whatever an operator needs, and never a secret.

#[cfg(test)]
mod logs {
    use std::collections::BTreeSet;

    use local::{
        aws::{AwsFault, Effect as AwsEffect},
        google::{Decision, Effect, Endpoint, GmailError},
    };
    use serde_json::Value;
    use tests::{
        answer::Answer,
        cookie_jar::CookieJar,
        event::Event,
        runtime_api::FunctionProcess,
        secrets_search::assert_no_secrets,
        world::{ANNA, BASE_URL, CLIENT_SECRET, COOKIE_KEY, DAVID, NAVIGATION, World, sub},
    };
    use url::Url;

    fn of(email: &str, query: &str) -> Event {
        Event::get(&format!("/users/{}/messages", sub(email))).query(query).iam()
    }

    fn requests(lines: &[Value]) -> Vec<&Value> {
        lines.iter().filter(|line| line["message"] == "request").collect()
    }

    fn calls(line: &Value) -> BTreeSet<&str> {
        line["upstream"].as_array().unwrap().iter().map(|call| call["call"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn each_request_has_one_line_with_what_came_of_it_and_what_it_took() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let process = world.process("list-messages", &[]).await;
        let events = [
            of(ANNA, "format=minimal&q=in:inbox"),
            of(ANNA, ""),
            of(DAVID, ""),
            of(ANNA, "maxResults=0"),
            Event::get("/messages"),
            Event::get("/messages").header("accept", NAVIGATION),
            Event::get(&format!("/users/{}/messages", sub(ANNA))),
            Event::get("/nowhere"),
        ];
        for event in &events {
            process.ask(event).await;
        }
        let lines = process.lines(events.len()).await;
        let requests = requests(&lines);
        let told: Vec<_> =
            requests.iter().map(|line| (line["outcome"].as_str().unwrap(), line["status"].as_u64().unwrap())).collect();
        let expected = [
            ("ok", 200),
            ("ok", 200),
            ("connection_not_found", 404),
            ("invalid_request", 400),
            ("session_required", 401),
            ("session_required", 302),
            ("forbidden", 403),
            ("not_found", 404),
        ];
        assert_eq!(told, expected);
        for (place, line) in requests.iter().enumerate() {
            assert_eq!((&line["function"], &line["level"]), (&"list-messages".into(), &"info".into()));
            assert_eq!(line["cold"], place == 0);
            let duration = line["duration_ms"].as_f64().unwrap();
            for call in line["upstream"].as_array().unwrap() {
                assert!(call["ms"].as_f64().is_some_and(|ms| (0.0..=duration).contains(&ms)), "{line}");
            }
            let timestamp = line["timestamp"].as_str().unwrap();
            assert!(
                shared::domain::time::Timestamp::parse(timestamp).is_some() && timestamp.ends_with('Z'),
                "{timestamp}"
            );
        }
        let routes: Vec<_> = requests.iter().map(|line| line["route"].as_str().unwrap()).collect();
        let (own, users) = ("GET /messages", "GET /users/{user_id}/messages");
        assert_eq!(routes, [users, users, users, users, own, own, users, "none"]);
        let first = calls(requests[0]);
        assert!(first.contains("gmail.list") && first.contains("gmail.batch"), "{first:?}");
        assert!(first.iter().any(|call| call.starts_with("dynamodb.")), "{first:?}");
        assert!(first.iter().any(|call| call.starts_with("kms.")), "{first:?}");
        assert!(!calls(requests[1]).contains("gmail.batch"));
        assert!(requests[3..].iter().all(|line| calls(line).is_empty()), "{requests:?}");
    }

    #[tokio::test]
    async fn each_retry_has_a_line() {
        let world = World::start().await;
        world.connect(ANNA).await;
        world.google.expire_access_tokens(&sub(ANNA));
        let process = world.process("list-messages", &[]).await;
        let broken = || Effect::Status { status: 503, body: None, headers: vec![] };
        world.google.faults().inject_times(Endpoint::Token, 2, broken());
        world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::AuthError));
        world.google.faults().inject_times(Endpoint::List, 1, broken());
        world.aws.faults().fail("DynamoDB.GetItem", AwsFault::times(1, AwsEffect::Status(500)));
        assert_eq!(process.ask(&of(ANNA, "")).await.status(), 200);
        let lines = process.lines(1).await;
        let retries: Vec<_> = lines.iter().filter(|line| line["message"] == "trying again").collect();
        let called: Vec<_> = retries.iter().map(|line| line["call"].as_str().unwrap()).collect();
        assert_eq!(called, ["DynamoDB.GetItem", "google.token.refresh", "google.token.refresh", "gmail.list"]);
        assert!(
            retries.iter().all(|line| line["level"] == "warn" && line["function"] == "list-messages"),
            "{retries:?}"
        );
        assert!(retries[3]["wait_ms"].as_u64().unwrap() >= 1_000);
        assert!(retries[3]["error"].as_str().unwrap().starts_with("Gmail answers 503"), "{retries:?}");
    }

    #[tokio::test]
    async fn a_call_to_aws_that_succeeds_at_its_second_try_is_no_error() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let faults = [AwsEffect::Status(500), AwsEffect::Status(503), AwsEffect::Disconnect, AwsEffect::Throttle];
        for effect in faults {
            for operation in ["SecretsManager", "KMS.Decrypt", "DynamoDB.GetItem"] {
                world.aws.faults().fail(operation, AwsFault::times(1, effect.clone()));
            }
            let process = world.process("list-messages", &[]).await;
            assert_eq!(process.ask(&of(ANNA, "")).await.status(), 200, "{effect:?}");
            let lines = process.lines(1).await;
            assert!(lines.iter().all(|line| line["level"] != "error"), "{effect:?}: {lines:?}");
        }
    }

    #[tokio::test]
    async fn what_the_operator_must_mend_is_named() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let process = world.process("list-messages", &[]).await;
        world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::ServiceDisabled));
        assert_eq!(process.ask(&of(ANNA, "")).await.status(), 500);
        world.google.expire_access_tokens(&sub(ANNA));
        let refused = Effect::TokenError { error: "invalid_client".to_owned(), subtype: None };
        world.google.faults().inject_times(Endpoint::Token, 9, refused);
        assert_eq!(process.ask(&of(ANNA, "")).await.status(), 500);
        let lines = process.lines(2).await;
        let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "error").collect();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0]["message"].as_str().unwrap().contains("enable the Gmail API"), "{errors:?}");
        assert!(errors[1]["message"].as_str().unwrap().contains("client_secret.json"), "{errors:?}");
        assert_eq!(errors[1]["code"], "invalid_client");
    }

    #[tokio::test]
    async fn a_reason_of_gmails_that_is_no_word_is_not_printed() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let process = world.process("list-messages", &[]).await;
        for reason in [ANNA.to_owned(), "x".repeat(5_000)] {
            let error = format!("{{\"error\":{{\"errors\":[{{\"reason\":\"{reason}\"}}]}}}}");
            let effect = Effect::Status { status: 403, body: Some(error), headers: vec![] };
            world.google.faults().inject_times(Endpoint::List, 1, effect);
            assert_eq!(process.ask(&of(ANNA, "")).await.status(), 503);
        }
        process.lines(2).await;
        let output = process.output();
        assert!(!output.contains(ANNA) && !output.contains(&"x".repeat(500)));
    }

    /// The functions of one deployment, each a process, and the browser that uses them.
    struct Deployment<'a> {
        world: &'a World,
        functions: [(&'static str, FunctionProcess); 4],
        jar: CookieJar,
        /// What must not be printed, with its name.
        secrets: Vec<(String, String)>,
    }

    impl<'a> Deployment<'a> {
        async fn start(world: &'a World) -> Self {
            let finest = [("RUST_LOG", "trace")];
            let functions = [
                ("authorize-url", world.process("authorize-url", &finest).await),
                ("callback", world.process("callback", &finest).await),
                ("list-messages", world.process("list-messages", &finest).await),
                ("connection", world.process("connection", &finest).await),
            ];
            let fixed = [
                ("client secret", CLIENT_SECRET),
                ("cookie key", COOKIE_KEY),
                ("Anna's address", ANNA),
                ("David's address", DAVID),
            ];
            let secrets = fixed.map(|(name, secret)| (name.to_owned(), secret.to_owned())).to_vec();
            Self { world, functions, jar: CookieJar::default(), secrets }
        }

        fn keep(&mut self, name: &str, secret: &str) {
            if secret.len() >= tests::secrets_search::SHORTEST {
                self.secrets.push((name.to_owned(), secret.to_owned()));
            }
        }

        /// A browser's request for a path with a query, or for an absolute URL; keeps the cookies.
        async fn get(&mut self, target: &str) -> Answer {
            let url = Url::parse("https://mail.example.com").unwrap().join(target).unwrap();
            let event = Event::get(url.path()).query(url.query().unwrap_or_default()).cookies(self.jar.cookies());
            let answer = self.send(&event).await;
            self.jar.apply(answer.cookies());
            for cookie in answer.cookies() {
                let value = cookie.split_once('=').unwrap().1.split(';').next().unwrap();
                self.keep("cookie's value", value);
            }
            answer
        }

        fn process(&self, function: &str) -> &FunctionProcess {
            &self.functions.iter().find(|(name, _)| *name == function).unwrap().1
        }

        async fn send(&self, event: &Event) -> Answer {
            let path = event.json()["rawPath"].as_str().unwrap().to_owned();
            let name = match path.as_str() {
                "/authorize" | "/authorize-url" => "authorize-url",
                "/callback" => "callback",
                "/users" => "connection",
                path if path.ends_with("/connection") => "connection",
                _ => "list-messages",
            };
            self.process(name).ask(event).await
        }

        /// Begins an authorization and gives where Google sends the browser.
        async fn consent(&mut self, decision: &Decision) -> String {
            let target = format!(
                "/authorize-url?login_hint={ANNA}&state=the-callers-own-state&return_to=/messages%3Fq%3Dsecret-search"
            );
            let url = self.get(&target).await.json().unwrap()["authorization_url"].as_str().unwrap().to_owned();
            for (name, value) in Url::parse(&url).unwrap().query_pairs() {
                if ["state", "nonce", "code_challenge"].contains(&&*name) {
                    self.keep(&name, &value);
                }
            }
            let location = self.world.consent(&url, decision);
            for (name, value) in Url::parse(&location).unwrap().query_pairs() {
                if ["state", "code"].contains(&&*name) {
                    self.keep(&name, &value);
                }
            }
            location
        }

        /// Connects Anna, whoever was connected before.
        async fn connect(&mut self) {
            let location = self.consent(&Decision::all(ANNA)).await;
            let back = self.get(&location).await;
            assert!(back.header("location").is_some_and(|place| place.starts_with("/messages")), "{}", back.body());
        }

        /// Asserts that none of what was kept is printed by any function, once those have a line for so many requests.
        async fn assert_nothing_printed(&self, requested: &[(&str, usize)]) {
            let kinds: BTreeSet<_> = self.secrets.iter().map(|(name, _)| name.as_str()).collect();
            for kind in ["code", "code_verifier", "cookie's value", "nonce", "state", "token"] {
                assert!(kinds.contains(kind), "{kind} was met");
            }
            let secrets: Vec<_> = self.secrets.iter().map(|(name, secret)| (name.as_str(), secret.as_str())).collect();
            for (name, process) in &self.functions {
                let count = requested.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count);
                let printed = process.lines(count).await;
                assert!(requests(&printed).iter().all(|line| line["function"] == *name));
                let output = process.output();
                assert_no_secrets(&[(name, &output)], &secrets);
                assert!(!output.contains("eyJ"), "no JWT in {name}");
            }
        }

        /// What Google was sent and what it gave out.
        fn keep_googles_secrets(&mut self) {
            for request in self.world.google.requests(Endpoint::Token) {
                for (name, value) in url::form_urlencoded::parse(&request.body).into_owned() {
                    if ["code", "code_verifier", "client_secret", "refresh_token"].contains(&name.as_str()) {
                        self.keep(&name, &value);
                    }
                }
            }
            for token in self.world.issued_tokens() {
                self.keep("token", &token);
            }
        }
    }

    #[tokio::test]
    async fn a_connection_has_one_line_where_it_begins_and_one_where_it_is_made() {
        let world = World::start().await;
        let mut deployment = Deployment::start(&world).await;
        deployment.connect().await;
        for (function, route, status, call) in [
            ("authorize-url", "GET /authorize-url", 200, None),
            ("callback", "GET /callback", 303, Some("google.token.code")),
        ] {
            let lines = deployment.process(function).lines(1).await;
            let requests = requests(&lines);
            let [line] = requests[..] else { panic!("{requests:?}") };
            assert_eq!((&line["function"], &line["route"]), (&function.into(), &route.into()));
            assert_eq!((&line["outcome"], &line["status"]), (&"ok".into(), &status.into()));
            assert!(call.is_none_or(|call| calls(line).contains(call)), "{line}");
            assert!(line["duration_ms"].as_f64().is_some_and(|millis| millis > 0.0), "{line}");
        }
    }

    #[tokio::test]
    async fn no_secret_is_ever_printed_even_at_the_finest_level() {
        let world = World::start().await;
        let mut deployment = Deployment::start(&world).await;

        // What goes well: authorization, callback, messages in every format, for the browser and for a backend.
        let location = deployment.consent(&Decision::all(ANNA)).await;
        let back = deployment.get(&location).await;
        assert_eq!(back.status(), 303, "{}", back.body());
        for query in ["?q=secret-search", "?format=full&maxResults=3", "?format=metadata&metadataHeaders=From"] {
            assert_eq!(deployment.get(&format!("/messages{query}")).await.status(), 200);
        }
        assert_eq!(deployment.send(&of(ANNA, "format=minimal")).await.status(), 200);
        deployment.keep("search", "secret-search");
        deployment.keep("caller's state", "the-callers-own-state");

        // What goes wrong on the way: a code used twice, a declined consent, a refused exchange, an unknown state.
        assert!(deployment.get(&location).await.status() >= 400);
        let declined = deployment.consent(&Decision::deny(DAVID)).await;
        assert!(declined.contains("error=access_denied"));
        deployment.get(&declined).await;
        let refused = deployment.consent(&Decision::all(ANNA)).await;
        let malformed = Effect::Status {
            status: 200,
            body: Some(format!("{{\"access_token\":\"ya29.{}\"", "m".repeat(40))),
            headers: vec![],
        };
        world.google.faults().inject_times(Endpoint::Token, 1, malformed);
        deployment.get(&refused).await;
        deployment.keep("malformed token", &format!("ya29.{}", "m".repeat(40)));
        world.google.faults().clear_all();

        // And behind it: a rejected token, trouble at Gmail, a token endpoint and a store that stumble, a dead grant.
        world.google.expire_access_tokens(&sub(ANNA));
        let trouble = |status| Effect::Status {
            status,
            body: Some(format!("{{\"error\":\"{ANNA} {CLIENT_SECRET}\"}}")),
            headers: vec![],
        };
        world.google.faults().inject_times(Endpoint::Token, 1, trouble(503));
        world.aws.faults().fail("DynamoDB", AwsFault::times(1, AwsEffect::Disconnect));
        world.google.faults().inject_times(Endpoint::BatchPart, 2, trouble(404));
        assert_eq!(deployment.send(&of(ANNA, "format=minimal")).await.status(), 200);
        world.google.faults().inject_times(Endpoint::List, 1, trouble(403));
        deployment.send(&of(ANNA, "")).await;
        let words = format!("{{\"error\":{{\"message\":\"{ANNA}\",\"errors\":[{{\"reason\":\"domainPolicy\"}}]}}}}");
        world.google.faults().inject_times(
            Endpoint::List,
            1,
            Effect::Status { status: 403, body: Some(words), headers: vec![] },
        );
        deployment.send(&of(ANNA, "")).await;
        world.google.revoke(&sub(ANNA));
        assert_eq!(deployment.send(&of(ANNA, "")).await.status(), 401);
        let bad = Event::get("/messages")
            .query("pageToken=~the-bad-token-of-somebody")
            .cookie("__Host-session=the-bad-session-of-somebody");
        deployment.send(&bad).await;
        deployment.keep("bad session", "the-bad-session-of-somebody");

        deployment.keep_googles_secrets();
        assert!(deployment.secrets.iter().any(|(name, _)| name == "refresh_token"));
        deployment.assert_nothing_printed(&[("list-messages", 8), ("authorize-url", 3), ("callback", 3)]).await;
    }

    fn disconnect(jar: &CookieJar, origin: &str) -> Event {
        Event::delete("/connection").cookies(jar.cookies()).header("origin", origin)
    }

    #[tokio::test]
    async fn no_secret_is_printed_where_connections_are_told_listed_and_ended() {
        let world = World::start().await;
        let mut deployment = Deployment::start(&world).await;
        let backends = format!("/users/{}/connection", sub(ANNA));
        let trouble = |status| Effect::Status {
            status,
            body: Some(format!("{{\"error\":\"{ANNA} {CLIENT_SECRET}\"}}")),
            headers: vec![],
        };

        // What goes well.
        deployment.connect().await;
        assert_eq!(deployment.get("/connection").await.status(), 200);
        for event in [Event::get(&backends).iam(), Event::get("/users").query("status=active").iam()] {
            let answer = deployment.send(&event).await;
            assert!(answer.status() == 200 && answer.body().contains(ANNA), "{}", answer.body());
        }
        let answer = deployment.send(&disconnect(&deployment.jar, BASE_URL)).await;
        assert_eq!(answer.body(), "{\"revoked_at_google\":true}");

        // What callers get wrong.
        deployment.connect().await;
        let refused = disconnect(&deployment.jar, &format!("https://{ANNA}"));
        assert_eq!(deployment.send(&refused).await.status(), 403);
        for (query, status) in
            [("page_token=the-bad-token-of-somebody", 400), ("status=the-bad-status-of-somebody", 400)]
        {
            assert_eq!(deployment.send(&Event::get("/users").query(query).iam()).await.status(), status);
        }
        let bad = Event::get("/connection").cookie("__Host-session=the-bad-session-of-somebody");
        assert_eq!(deployment.send(&bad).await.status(), 401);
        for name in ["the-bad-token-of-somebody", "the-bad-status-of-somebody", "the-bad-session-of-somebody"] {
            deployment.keep(name, name);
        }

        // And trouble behind it: at Google, at the table, at the key, and a row that does not open.
        world.aws.faults().fail("DynamoDB", AwsFault::times(1, AwsEffect::Disconnect));
        world.google.faults().inject_times(Endpoint::Revoke, 9, trouble(400));
        let answer = deployment.send(&disconnect(&deployment.jar, BASE_URL)).await;
        assert_eq!(answer.body(), "{\"revoked_at_google\":false}");
        world.google.faults().clear_all();
        world.google.revoke(&sub(ANNA));
        deployment.connect().await;
        world.aws.faults().fail("KMS", AwsFault::always(AwsEffect::Error { code: "AccessDeniedException".to_owned() }));
        assert_eq!(deployment.send(&Event::delete(&backends).iam()).await.status(), 503);
        world.aws.faults().clear("KMS");
        world.change_connection(ANNA, |item| item["refresh_token"] = item["data_key"].clone());
        let answer = deployment.send(&Event::delete(&backends).iam()).await;
        assert_eq!(answer.body(), "{\"revoked_at_google\":false}");
        assert_eq!(deployment.send(&Event::delete(&backends).iam()).await.status(), 404);

        deployment.keep_googles_secrets();
        deployment.assert_nothing_printed(&[("connection", 12), ("authorize-url", 3), ("callback", 3)]).await;
    }

    #[tokio::test]
    async fn the_end_of_a_connection_has_its_lines() {
        let world = World::start().await;
        world.connect(ANNA).await;
        let process = world.process("connection", &[]).await;
        let path = format!("/users/{}/connection", sub(ANNA));
        let broken = Effect::Status { status: 503, body: None, headers: vec![] };
        world.google.faults().inject_times(Endpoint::Revoke, 9, broken);
        let events = [
            Event::get(&path).iam(),
            Event::get("/users").iam(),
            Event::get("/users"),
            Event::delete("/connection"),
            Event::delete(&path).iam(),
            Event::delete(&path).iam(),
        ];
        for event in &events {
            process.ask(event).await;
        }
        let lines = process.lines(events.len()).await;
        let requests = requests(&lines);
        let told: Vec<_> =
            requests.iter().map(|line| (line["route"].as_str().unwrap(), line["outcome"].as_str().unwrap())).collect();
        let end = "DELETE /users/{user_id}/connection";
        let expected = [
            ("GET /users/{user_id}/connection", "ok"),
            ("GET /users", "ok"),
            ("GET /users", "forbidden"),
            ("DELETE /connection", "forbidden"),
            (end, "ok"),
            (end, "connection_not_found"),
        ];
        assert_eq!(told, expected);
        assert!(requests.iter().all(|line| line["function"] == "connection"), "{requests:?}");
        assert_eq!(calls(requests[0]), BTreeSet::from(["dynamodb.get_item"]));
        assert_eq!(calls(requests[1]), BTreeSet::from(["dynamodb.query"]));
        assert!(calls(requests[2]).is_empty() && calls(requests[3]).is_empty());
        let of_end = [
            "dynamodb.get_item",
            "dynamodb.transact_write_items",
            "dynamodb.update_item",
            "google.revoke",
            "kms.decrypt",
        ];
        assert_eq!(calls(requests[4]), BTreeSet::from(of_end));
        let revoked: Vec<_> = lines.iter().filter(|line| line["reason"] == "disconnected").collect();
        assert_eq!(revoked.len(), 1, "{lines:?}");
        let retries: Vec<_> = lines.iter().filter(|line| line["message"] == "trying again").collect();
        assert!(retries.len() == 3 && retries.iter().all(|line| line["call"] == "google.revoke"), "{retries:?}");
        let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "error").collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0]["message"].as_str().unwrap().contains("deleted all the same"), "{errors:?}");
    }
}
