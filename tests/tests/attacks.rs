//! Attacks on OAuth clients, one test each, by the names that [RFC 9700](https://www.rfc-editor.org/rfc/rfc9700) and the
//! literature give them. Each goes through the front door, and ends with nothing gained.

#[cfg(test)]
mod attacks {
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    use local::google::{Decision, Effect, Endpoint, IdTokenFault};
    use ring::hmac;
    use serde_json::{Value, json};
    use tests::{
        PATIENCE,
        answer::{Answer, problem},
        event::Event,
        security_event::{about, claims, jwks, part, post, saying, uri},
        world::{ANNA, BASE_URL, DAVID, NAVIGATION, Settings, Visitor, World, sub},
    };
    use url::Url;

    const JSON: &str = "application/json";

    /// A browser that shows what it gets as JSON.
    fn browser(world: &World) -> Visitor {
        world.visitor().accepting(JSON)
    }

    /// Someone who has begun, has consented with their own account, and stands before the callback.
    async fn before_the_callback(world: &World, email: &str) -> (Visitor, String) {
        let visitor = browser(world);
        let callback = world.consent(&visitor.begin("").await, &Decision::all(email));
        (visitor, callback)
    }

    fn parameter(url: &str, name: &str) -> String {
        let url = Url::parse(BASE_URL).unwrap().join(url).unwrap();
        let found = url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned());
        found.unwrap_or_else(|| panic!("{name} in {url}"))
    }

    fn with_parameter(url: &str, name: &str, value: &str) -> String {
        let old = parameter(url, name);
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let changed = url.replace(&encode(&old), &encode(value)).replace(&old, &encode(value));
        assert_eq!(parameter(&changed, name), value);
        changed
    }

    #[track_caller]
    fn assert_nobody_is_signed_in(world: &World, answer: &Answer) {
        assert_eq!(answer.cookie_value("__Host-session"), None, "{answer:?}");
        assert!(world.connection(ANNA).is_none() && world.connection(DAVID).is_none());
    }

    /// RFC 9700 §4.7: the victim is signed in to the attacker's account by a link to the attacker's own callback.
    #[tokio::test]
    async fn login_csrf() {
        let world = World::start().await;
        let (_, attackers) = before_the_callback(&world, DAVID).await;
        let (victim, _) = before_the_callback(&world, ANNA).await;
        for victim in [victim, browser(&world)] {
            let answer = victim.get(&attackers).await;
            problem(&answer, 400, "invalid_state");
            assert_nobody_is_signed_in(&world, &answer);
        }
        assert_eq!(world.google_calls(), 0, "the code is not even sent");
    }

    /// RFC 9700 §4.5: a stolen code is brought to the attacker's own attempt, with a state and a cookie that are right.
    #[tokio::test]
    async fn authorization_code_injection() {
        let world = World::start().await;
        let (_, victims) = before_the_callback(&world, ANNA).await;
        let (attacker, attackers) = before_the_callback(&world, DAVID).await;
        let injected = with_parameter(&attackers, "code", &parameter(&victims, "code"));
        let answer = attacker.get(&injected).await;
        problem(&answer, 400, "code_rejected");
        assert_nobody_is_signed_in(&world, &answer);
    }

    /// RFC 9700 §4.4: the answer of one authorization server is taken for that of another.
    #[tokio::test]
    async fn mix_up() {
        let world = World::start().await;
        let (visitor, callback) = before_the_callback(&world, ANNA).await;
        world.google.faults().inject_times(Endpoint::Token, 1, Effect::IdToken(IdTokenFault::WrongIssuer));
        let answer = visitor.get(&callback).await;
        problem(&answer, 502, "invalid_id_token");
        assert_nobody_is_signed_in(&world, &answer);
        let token_requests = world.google.requests(Endpoint::Token);
        assert_eq!(token_requests.len(), 1, "the code goes to the server that the secret names, and nowhere else");
    }

    /// RFC 9700 §4.2.4: a callback that was seen in a history or a log is opened again.
    #[tokio::test]
    async fn replay_of_the_callback() {
        let world = World::start().await;
        let (visitor, callback) = before_the_callback(&world, ANNA).await;
        let before = visitor.duplicate();
        assert_eq!(visitor.get(&callback).await.status(), 200);
        let (calls, row) = (world.google.calls(Endpoint::Token), world.connection(ANNA));
        problem(&visitor.get(&callback).await, 400, "invalid_state");
        assert_eq!(world.google.calls(Endpoint::Token), calls);
        // Also with a copy of the cookies from before, Google takes the code once.
        problem(&before.get(&callback).await, 400, "code_rejected");
        assert_eq!(world.connection(ANNA), row);
    }

    /// RFC 9700 §4.11: our own address sends the browser to the attacker's.
    #[tokio::test]
    async fn open_redirect_in_all_its_spellings() {
        let settings = Settings::default().variable("ALLOWED_RETURN_ORIGINS", "https://app.example.com");
        let world = settings.start().await;
        for place in [
            "https://evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/%09/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https:evil.example",
            "https:/\\evil.example",
            "http://app.example.com",
            "https://app.example.com.evil.example",
            "https://app.example.com@evil.example",
            "https://app.example.com:8443",
            "https://evil.example/https://app.example.com",
            "https://evil.example#https://app.example.com",
            "https://app.example.com\\@evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            " https://evil.example",
            "\u{3000}//evil.example",
            "https://app。example.com.evil.example",
            "//evil.example\\/..",
            "/\u{0}/evil.example",
        ] {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", place).finish();
            for path in ["/authorize-url", "/authorize"] {
                let answer = world.visitor.get(&format!("{path}?{query}")).await;
                if answer.status() == 400 {
                    continue;
                }
                // What is taken for a path is one on this API, wherever a browser resolves it.
                let resolved = Url::parse(BASE_URL).unwrap().join(place).unwrap();
                assert_eq!(resolved.origin(), Url::parse(BASE_URL).unwrap().origin(), "{place:?}");
            }
        }
    }

    /// A sibling domain plants cookies; the prefix and the attributes keep its cookies out.
    #[tokio::test]
    async fn cookie_tossing() {
        let world = World::start().await;
        let visitor = browser(&world);
        let begun = visitor.authorize("").await;
        let callback =
            world.consent(begun.json().unwrap()["authorization_url"].as_str().unwrap(), &Decision::all(ANNA));
        let connected = visitor.get(&callback).await;
        let cookies: Vec<_> = begun.cookies().chain(connected.cookies()).map(str::to_owned).collect();
        assert!(cookies.len() >= 3);
        for cookie in cookies {
            let lower = cookie.to_ascii_lowercase();
            assert!(
                cookie.starts_with("__Host-") && lower.contains("; secure") && lower.contains("; path=/"),
                "{cookie}"
            );
            assert!(
                !lower.contains("domain=") && lower.contains("; httponly") && lower.contains("; samesite=lax"),
                "{cookie}"
            );
        }
        // A cookie without the prefix is not looked at, whatever it holds.
        let session = connected.cookie_value("__Host-session").unwrap().to_owned();
        let tossed = Event::get("/connection").cookie(format!("session={session}"));
        problem(&world.instance.send(&tossed).await, 401, "session_required");
    }

    /// A browser full of cookies is locked out, for API Gateway refuses long headers.
    #[tokio::test]
    async fn cookie_overflow() {
        let world = World::start().await;
        let visitor = browser(&world);
        let state = "x".repeat(512);
        for _ in 0..20 {
            visitor.begin(&format!("state={state}&return_to=%2F{}", "y".repeat(500))).await;
        }
        let held: usize = visitor.jar().cookies().iter().map(|cookie| cookie.len() + 2).sum();
        assert!(held < 8_000, "{held}");
        let garbage = (0..40).map(|number| format!("__Host-pending-garbage{number}=x"));
        let answer = world.instance.send(&Event::get("/authorize-url").cookies(garbage)).await;
        let ended = answer.cookies().filter(|cookie| cookie.contains("Max-Age=0")).count();
        assert_eq!((answer.status(), ended), (200, 38), "two and the new one stay");
    }

    /// The victim goes on in a session that the attacker planted.
    #[tokio::test]
    async fn session_fixation() {
        let world = World::start().await;
        let planted = world.connect(DAVID).await;
        let victim = browser(&world);
        let url = victim.begin("").await;
        let callback = world.consent(&url, &Decision::all(ANNA));
        let answer = victim.send(&victim.event(&callback).cookie(planted.clone())).await;
        assert_eq!(answer.json().unwrap()["user_id"], sub(ANNA));
        let fresh = answer.cookie_value("__Host-session").unwrap();
        assert!(!planted.contains(fresh));
        let own = Event::get("/connection").cookie(format!("__Host-session={fresh}"));
        assert_eq!(world.instance.send(&own).await.json().unwrap()["user_id"], sub(ANNA));
    }

    /// Somebody else's authority is used: a browser's on a backend's route, and another site's page on a browser's.
    #[tokio::test]
    async fn confused_deputy() {
        let world = World::start().await;
        let anna = world.connect(ANNA).await;
        world.connect(DAVID).await;
        let davids = format!("/users/{}", sub(DAVID));
        for path in [format!("{davids}/messages"), format!("{davids}/connection"), "/users".to_owned()] {
            problem(&world.instance.send(&Event::get(&path).cookie(anna.clone())).await, 403, "forbidden");
        }
        for origin in [None, Some("https://evil.example"), Some("null")] {
            let event = Event::delete("/connection").cookie(anna.clone());
            let event = origin.into_iter().fold(event, |event, origin| event.header("origin", origin));
            problem(&world.instance.send(&event).await, 403, "forbidden");
        }
        for name in ["user_id", "userId", "sub"] {
            let event = Event::get("/connection").query(&format!("{name}={}", sub(DAVID))).cookie(anna.clone());
            assert_eq!(world.instance.send(&event).await.json().unwrap()["user_id"], sub(ANNA));
        }
    }

    /// RFC 9700 §4.5.3 and OpenID Connect: an ID token that was made for somebody else, or for another attempt.
    #[tokio::test]
    async fn token_substitution() {
        for fault in
            [IdTokenFault::WrongAudience, IdTokenFault::WrongAzp, IdTokenFault::WrongNonce, IdTokenFault::Expired]
        {
            let world = World::start().await;
            let (visitor, callback) = before_the_callback(&world, ANNA).await;
            world.google.faults().inject_times(Endpoint::Token, 1, Effect::IdToken(fault));
            let answer = visitor.get(&callback).await;
            problem(&answer, 502, "invalid_id_token");
            assert_nobody_is_signed_in(&world, &answer);
        }
    }

    /// RFC 8725 §2.1: no algorithm at all, or an HMAC under what everybody knows of the public key.
    #[tokio::test]
    async fn algorithm_confusion() {
        let world = World::start().await;
        let (visitor, callback) = before_the_callback(&world, ANNA).await;
        world.google.faults().inject_times(Endpoint::Token, 1, Effect::IdToken(IdTokenFault::AlgNone));
        problem(&visitor.get(&callback).await, 502, "invalid_id_token");
        world.connect(DAVID).await;
        let key = jwks(&world).await.unwrap()["keys"][0].clone();
        let payload = part(&claims(&world, &json!({ uri("risc", "account-disabled"): about(DAVID) })));
        let secrets = [key.to_string(), key["n"].as_str().unwrap().to_owned(), String::new()];
        for algorithm in ["none", "None", "HS256", "hs256", "RS512", "PS256", ""] {
            let head = part(&json!({ "alg": algorithm, "kid": key["kid"], "typ": "secevent+jwt" }));
            for secret in &secrets {
                let signed = format!("{head}.{payload}");
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
                for signature in [String::new(), URL_SAFE_NO_PAD.encode(tag), STANDARD.encode(secret)] {
                    let answer = world.instance.send(&post(&format!("{signed}.{signature}"))).await;
                    assert_eq!(answer.status(), 400, "{algorithm}");
                }
            }
        }
        assert_eq!(world.attribute(DAVID, "status").unwrap(), "active");
    }

    /// RFC 8725 §2.8: the token says which key it wants to be verified with, or where that is to be had.
    #[tokio::test]
    async fn key_confusion() {
        let world = World::start().await;
        world.connect(DAVID).await;
        let token = saying(&world, "risc", "account-disabled", &about(DAVID));
        let parts: Vec<_> = token.split('.').collect();
        let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        let calls = world.google_calls();
        for (name, value) in [
            ("jwk", jwks(&world).await.unwrap()["keys"][0].clone()),
            ("jku", json!("https://evil.example/keys")),
            ("x5u", json!("https://evil.example/certificate")),
            ("x5c", json!(["MIIB"])),
            ("kid", json!("../../../../dev/null")),
            ("kid", json!("' OR '1'='1")),
        ] {
            let mut head = head.clone();
            head[name] = value;
            let answer = world.instance.send(&post(&format!("{}.{}.{}", part(&head), parts[1], parts[2]))).await;
            assert_eq!(answer.status(), 400, "{name}");
        }
        assert_eq!(world.attribute(DAVID, "status").unwrap(), "active");
        assert!(world.google_calls() - calls < 8, "nobody is asked but Google, for its own keys");
    }

    /// RFC 9700 §4.8.2: the challenge is taken out of the request, or made plain, so that a stolen code is enough.
    #[tokio::test]
    async fn downgrade_of_pkce() {
        let world = World::start().await;
        for query in ["", "code_challenge=x", "code_challenge_method=plain", "code_challenge=&code_challenge_method="] {
            let url = browser(&world).begin(query).await;
            let pairs: Vec<_> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
            let of = |name: &str| {
                pairs.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
            };
            assert_eq!(of("code_challenge_method"), ["S256"], "{query}");
            assert!(matches!(of("code_challenge")[..], [challenge] if challenge.len() == 43), "{query}");
        }
        // A code that Google gave without a challenge is exchanged with a verifier all the same, and Google refuses.
        let visitor = browser(&world);
        let url = visitor.begin("").await;
        let stripped = url.split('&').filter(|pair| !pair.starts_with("code_challenge")).collect::<Vec<_>>().join("&");
        let callback = world.consent(&stripped, &Decision::all(ANNA));
        let answer = visitor.get(&callback).await;
        assert_nobody_is_signed_in(&world, &answer);
        assert!(answer.status() >= 400, "{answer:?}");
    }

    /// RFC 9700 §4.16: our page lies invisible under the attacker's.
    #[tokio::test]
    async fn clickjacking() {
        let world = World::start().await;
        let person = world.visitor().accepting(NAVIGATION);
        let callback = world.consent(&person.begin("").await, &Decision::all(ANNA));
        for target in [callback.as_str(), "/callback?state=x", "/authorize?prompt=none"] {
            let page = person.get(target).await;
            assert!(page.header("content-type").unwrap().starts_with("text/html"), "{target}");
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
        }
    }

    /// A line break in what the caller gives begins a header of the caller's own.
    #[tokio::test]
    async fn header_injection() {
        let world = World::start().await;
        let evil = "%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0a%3Cscript%3E";
        for target in [
            format!("/authorize?state=a{evil}&login_hint=b{evil}"),
            format!("/authorize?return_to=%2F{evil}"),
            format!("/callback?state={evil}&code={evil}"),
            format!("/messages?error={evil}&pageToken={evil}"),
        ] {
            let answer = world.visitor().accepting(NAVIGATION).get(&target).await;
            let headers = answer.headers().map(|(name, value)| format!("{name}: {value}"));
            for line in headers.chain(answer.cookies().map(str::to_owned)) {
                assert!(!line.contains(['\r', '\n', '\0']), "{target}: {line:?}");
                assert!(!line.starts_with("evil="), "{target}: {line:?}");
            }
            assert!(!answer.body().contains("<script>"), "{target}");
        }
    }

    /// A line break in what the caller gives begins a log line of the caller's own.
    #[tokio::test]
    async fn log_injection() {
        let world = World::start().await;
        let process = world.process("callback", &[]).await;
        let evil = "%0a%7B%22level%22%3A%22error%22%2C%22message%22%3A%22forged%22%7D%0a";
        for query in [format!("error={evil}&state={evil}"), format!("code={evil}&state={evil}"), evil.to_owned()] {
            let event = Event::get("/callback").query(&query).header("user-agent", "a\n{\"level\":\"error\"}\nb");
            assert!(process.ask(&event).await.status() < 500);
        }
        let own = Event::get("/callback").query("state=last");
        assert!(process.ask(&own).await.status() < 500);
        assert!(process.prints("\"message\":\"request\"", PATIENCE).await);
        for line in process.output().lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_ne!(line["message"], "forged");
        }
    }

    /// A flood of tokens with made-up key ids makes every instance fetch keys again and again, or keeps Google's out.
    #[tokio::test]
    async fn cache_poisoning_of_the_keys_by_a_flood_of_kids() {
        let world = World::start().await;
        world.connect(DAVID).await;
        let payload = part(&claims(&world, &json!({ uri("risc", "account-disabled"): about(DAVID) })));
        let before = world.google.calls(Endpoint::Certs);
        for number in 0..200 {
            let head = part(&json!({ "alg": "RS256", "kid": format!("kid-{number}"), "typ": "secevent+jwt" }));
            let token = format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode([7; 256]));
            assert_eq!(world.instance.send(&post(&token)).await.status(), 400);
        }
        assert!(world.google.calls(Endpoint::Certs) - before <= 2);
        let true_one = saying(&world, "risc", "account-disabled", &about(DAVID));
        assert_eq!(world.instance.send(&post(&true_one)).await.status(), 202);
        assert_eq!(world.attribute(DAVID, "status").unwrap(), "revoked");
    }
}
