//! No input of any kind ends a function in a panic or in anything but a response.

#[cfg(test)]
mod any_input {
    use local::google::{Effect, Endpoint};
    use proptest::{collection::vec, option, prelude::*, test_runner::Config};
    use serde_json::{Value, json};
    use tests::{
        event::Event,
        world::{ANNA, BASE_URL, NAVIGATION, TABLE, World, sub},
    };
    use tokio::runtime::Runtime;

    /// Texts that mean something to somebody, and any others.
    fn text() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "",
            "state",
            "code",
            "error",
            "access_denied",
            "prompt",
            "consent",
            "return_to",
            "login_hint",
            "/messages",
            "//x",
            "%",
            "%00",
            "%FF",
            "=",
            "&",
            ";",
            "\u{202e}",
            "\0",
            "שלום",
            "x-x-x-x-x-x-x-x-x",
        ]);
        prop_oneof![known.prop_map(str::to_owned), any::<String>(), "[ -~]{0,80}", "[a-z%=&;+]{0,300}"]
    }

    fn query() -> impl Strategy<Value = String> {
        let names = [
            "state",
            "code",
            "error",
            "prompt",
            "return_to",
            "login_hint",
            "q",
            "maxResults",
            "format",
            "status",
            "max_results",
            "page_token",
        ];
        let pair = (prop::sample::select(names.to_vec()), text()).prop_map(|(name, value)| format!("{name}={value}"));
        prop_oneof![text(), vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))]
    }

    fn path() -> impl Strategy<Value = String> {
        let known = [
            "/authorize-url",
            "/authorize",
            "/callback",
            "/messages",
            "/users/1/messages",
            "/users//messages",
            "/connection",
            "/users/1/connection",
            "/users//connection",
            "/users",
            "/security-events",
        ];
        prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => text()]
    }

    fn headers() -> impl Strategy<Value = Value> {
        let names = ["accept", "Accept", "cookie", "accept-language", "origin", "content-type", "authorization"];
        let accept = prop::sample::select(vec![NAVIGATION, "application/json", "*/*", "q=;,"]).prop_map(str::to_owned);
        let header = (prop::sample::select(names.to_vec()), prop_oneof![accept, text()]);
        vec(header, 0..4).prop_map(|headers| {
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value)));
            Value::Object(headers.collect())
        })
    }

    fn cookies() -> impl Strategy<Value = Vec<String>> {
        let name = prop_oneof![
            Just("__Host-session".to_owned()),
            "__Host-pending-[A-Za-z0-9_-]{8}",
            "__Host-pending-.{0,9}",
            text(),
        ];
        vec((name, text()).prop_map(|(name, value)| format!("{name}={value}")), 0..6)
    }

    fn method() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec!["GET", "GET", "DELETE", "POST"]).prop_map(str::to_owned);
        prop_oneof![8 => known, 1 => "[A-Z]{0,7}", 1 => text()]
    }

    prop_compose! {
        fn event()(
            method in method(), path in path(), query in query(), headers in headers(), cookies in cookies(),
            body in option::of(text()), base64 in any::<bool>(), iam in any::<bool>(), host in text(),
        ) -> Value {
            json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "headers": headers, "cookies": cookies,
                "body": body, "isBase64Encoded": base64,
                "requestContext": {"domainName": host, "http": {"method": method, "path": path},
                    "authorizer": iam.then(|| json!({"iam": {"userArn": "arn"}}))}})
        }
    }

    const FUNCTIONS: [&str; 5] = ["authorize-url", "callback", "list-messages", "connection", "security-events"];

    /// A runtime with a world in it.
    fn world() -> (Runtime, World) {
        let runtime = Runtime::new().unwrap();
        let world = runtime.block_on(World::start());
        (runtime, world)
    }

    #[test]
    fn every_event_has_a_response() {
        let (runtime, world) = world();
        proptest!(Config::with_cases(400), |(event in event())| {
            for function in FUNCTIONS {
                // `send_raw` holds each answer to what every answer is held to.
                let answer = runtime.block_on(world.instance.send_raw(function, &event.to_string()));
                prop_assert!((200..600).contains(&answer.status()));
            }
        });
    }

    #[test]
    fn every_text_in_place_of_an_event_has_a_response() {
        let (runtime, world) = world();
        let event = Event::get("/callback").query("state=x").cookie("a=b").json().to_string();
        proptest!(Config::with_cases(200), |(at in 0..event.len(), text in text(), rest in any::<bool>())| {
            let damaged = format!("{}{text}{}", &event[..at], if rest { &event[at..] } else { "" });
            for function in FUNCTIONS {
                let answer = runtime.block_on(world.instance.send_raw(function, &damaged));
                prop_assert!((200..600).contains(&answer.status()));
            }
        });
    }

    #[test]
    fn whatever_comes_with_a_valid_attempt_has_a_response_and_connects_nobody() {
        let (runtime, world) = world();
        let url = runtime.block_on(world.visitor.begin("return_to=%2Fdone"));
        let state = url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        proptest!(Config::with_cases(150), |(query in query(), headers in headers())| {
            let visitor = world.visitor.duplicate();
            let mut event = visitor.event("/callback").json();
            event["rawQueryString"] = format!("state={state}&{query}").into();
            for (name, value) in headers.as_object().unwrap().iter().filter(|(name, _)| *name != "cookie") {
                event["headers"][name] = value.clone();
            }
            let answer = runtime.block_on(world.instance.send_raw("callback", &event.to_string()));
            prop_assert!(answer.cookie_value("__Host-session").is_none());
        });
        assert!(world.items().iter().all(|item| item.get("email").is_none()));
    }

    #[test]
    fn whatever_the_token_endpoint_answers_has_a_response_and_connects_nobody() {
        let (runtime, world) = world();
        let location = runtime.block_on(world.consented(""));
        proptest!(Config::with_cases(150), |(status in 200u16..600, body in text(), field in text())| {
            prop_assume!(![204, 205, 304].contains(&status));
            let json = json!({"access_token": body, "id_token": field, "scope": field, "error": body}).to_string();
            for body in [body, json] {
                let headers = vec![("retry-after".to_owned(), "9999".to_owned())];
                let effect = Effect::Status { status, body: Some(body), headers };
                world.google.faults().inject_times(Endpoint::Token, 1, effect);
                let answer = runtime.block_on(world.visitor.duplicate().get(&location));
                prop_assert!(answer.status() >= 400, "{answer:?}");
                world.google.faults().clear(Endpoint::Token);
            }
        });
        assert!(world.items().iter().all(|item| item.get("email").is_none()));
    }

    /// A world in which Anna is connected.
    fn connected() -> (Runtime, World) {
        let (runtime, world) = world();
        runtime.block_on(world.connect(ANNA));
        (runtime, world)
    }

    /// A value of an attribute, of any type.
    fn attribute() -> impl Strategy<Value = Value> {
        let times = prop::sample::select(vec!["", "now", "9999-12-31T23:59:59.999Z", "-292277022657-01-27T08:29:52Z"]);
        prop_oneof![
            text().prop_map(|text| json!({ "S": text })),
            times.prop_map(|time| json!({ "S": time })),
            any::<i64>().prop_map(|number| json!({ "N": number.to_string() })),
            Just(json!({ "N": "18446744073709551615" })),
            Just(json!({ "B": "AA==" })),
            Just(json!({ "B": "" })),
            any::<bool>().prop_map(|value| json!({ "BOOL": value })),
            Just(json!({ "NULL": true })),
            Just(json!({ "L": [] })),
            Just(json!({ "M": {} })),
            "[a-z]{1,9}".prop_map(|text| json!({ "SS": [text] })),
            vec(any::<i64>(), 1..3).prop_map(|numbers| {
                let texts: std::collections::BTreeSet<_> = numbers.iter().map(ToString::to_string).collect();
                json!({ "NS": texts })
            }),
        ]
    }

    #[test]
    fn whatever_comes_with_a_valid_session_has_a_response_and_disconnects_nobody_of_another_site() {
        let (runtime, world) = connected();
        let ours = [BASE_URL.to_owned(), format!("{BASE_URL}:443"), BASE_URL.to_uppercase(), format!("{BASE_URL}/")];
        proptest!(Config::with_cases(300), |(origin in option::of(text()), query in query(), headers in headers(), delete in any::<bool>())| {
            prop_assume!(origin.as_ref().is_none_or(|origin| !ours.contains(origin)));
            let event = Event::new(if delete { "DELETE" } else { "GET" }, "/connection").query(&query);
            let mut event = event.cookies(world.visitor.jar().cookies()).json();
            for (name, value) in headers.as_object().unwrap().iter().filter(|(name, _)| *name != "cookie") {
                event["headers"][name] = value.clone();
            }
            event["headers"].as_object_mut().unwrap().remove("origin");
            if let Some(origin) = origin {
                event["headers"]["origin"] = origin.into();
            }
            let answer = runtime.block_on(world.instance.send_raw("connection", &event.to_string()));
            prop_assert_eq!(answer.status(), if delete { 403 } else { 200 });
        });
        assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
    }

    #[test]
    fn whatever_the_revocation_endpoint_answers_the_connection_is_deleted() {
        let (runtime, world) = connected();
        let row = world.connection(ANNA).unwrap();
        proptest!(Config::with_cases(100), |(status in 200u16..600, body in text(), error in text())| {
            prop_assume!(![204, 205, 304].contains(&status));
            for body in [body, json!({ "error": error }).to_string()] {
                world.aws.put_item(TABLE, &row).unwrap();
                let headers = vec![("retry-after".to_owned(), "9999".to_owned())];
                let effect = Effect::Status { status, body: Some(body), headers };
                world.google.faults().inject_times(Endpoint::Revoke, 9, effect);
                let event = Event::delete(&format!("/users/{}/connection", sub(ANNA))).iam();
                let answer = runtime.block_on(world.instance.send(&event));
                prop_assert_eq!(answer.status(), 200);
                let is_revoked = answer.json().unwrap()["revoked_at_google"].as_bool().unwrap();
                prop_assert_eq!(is_revoked, (200..300).contains(&status), "{}", status);
                prop_assert!(world.connection(ANNA).is_none());
                world.google.faults().clear(Endpoint::Revoke);
            }
        });
    }

    #[test]
    fn whatever_a_row_holds_every_question_about_it_has_a_response() {
        let (runtime, world) = connected();
        let row = world.connection(ANNA).unwrap();
        let names: Vec<_> = row.as_object().unwrap().keys().filter(|name| *name != "pk").cloned().collect();
        proptest!(Config::with_cases(150), |(damage in vec((prop::sample::select(names), attribute()), 1..4), and_delete in any::<bool>())| {
            let mut damaged = row.clone();
            for (name, value) in damage {
                damaged[name] = value;
            }
            // The table refuses what its index cannot hold.
            prop_assume!(world.aws.put_item(TABLE, &damaged).is_ok());
            let path = format!("/users/{}/connection", sub(ANNA));
            for event in [Event::get(&path), Event::get("/users")] {
                prop_assert_eq!(runtime.block_on(world.instance.send(&event.iam())).status(), 200);
            }
            let visitor = world.visitor.duplicate();
            let status = runtime.block_on(visitor.get("/connection")).status();
            prop_assert!([200, 401].contains(&status), "{}", status);
            if and_delete {
                let answer = runtime.block_on(world.instance.send(&Event::delete(&path).iam()));
                prop_assert_eq!(answer.status(), 200);
                prop_assert!(world.connection(ANNA).is_none());
            }
        });
    }
}
