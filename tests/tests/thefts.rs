//! What a theft gives: an attacker who has exactly what was stolen, and tries what can be tried with it.
//!
//! That a leaked log holds nothing of use is shown besides by `secrets.rs`, which finds no secret in one.

#[cfg(test)]
mod thefts {
    use std::{collections::BTreeSet, time::Duration};

    use aws_sdk_kms::primitives::Blob;
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
    };
    use local::{
        aws::permissions::{Resource, Role},
        google::{Decision, Endpoint},
    };
    use ring::{
        digest::{SHA256, SHA512, digest},
        hmac,
    };
    use serde_json::{Value, json};
    use shared::{
        domain::{
            random::SystemRandomness,
            secret::CookieKeySecret,
            session::Session,
            time::{Clock, Timestamp},
            user_id::UserId,
        },
        http::cookie_keys::{CookieKeys, Purpose},
        sealing::SealingKey,
    };
    use tests::{
        answer::problem,
        event::Event,
        http_client::http_client,
        secrets_search::hexadecimal,
        world::{
            ANNA, BASE_URL, CLIENT_ID, CLIENT_SECRET, COOKIE_KEY, COOKIE_KEY_SECRET_ID, DAVID, READONLY, TABLE, World,
            connection_key, sub,
        },
    };
    use url::{Url, form_urlencoded};

    const SESSION: &str = "__Host-session";

    /// A world in which Anna and David are connected.
    async fn world() -> World {
        let world = World::start().await;
        world.connect(ANNA).await;
        world.connect(DAVID).await;
        world
    }

    /// The bytes of an attribute of a stolen row.
    fn bytes(row: &Value, attribute: &str) -> Vec<u8> {
        STANDARD.decode(row[attribute]["B"].as_str().unwrap()).unwrap()
    }

    /// Every binary value of stolen rows.
    fn binaries(rows: &[Value]) -> Vec<Vec<u8>> {
        let attributes = rows.iter().flat_map(|row| row.as_object().unwrap().values());
        let one = attributes.clone().filter_map(|value| value["B"].as_str().map(str::to_owned));
        let several = attributes.filter_map(|value| value["BS"].as_array()).flatten();
        let several = several.map(|value| value.as_str().unwrap().to_owned());
        one.chain(several).map(|text| STANDARD.decode(text).unwrap()).collect()
    }

    /// A session as whoever has that cookie key can make one.
    fn forged(cookie_key: &str, user: &str, issued_at: Timestamp) -> String {
        let keys = CookieKeys::derive(&CookieKeySecret::new(cookie_key), None).unwrap();
        let session = Session { user_id: UserId::parse(user).unwrap(), issued_at };
        let session = serde_json::to_vec(&session).unwrap();
        let sealed = keys.seal(&SystemRandomness::default(), Purpose::Session, SESSION, &session).unwrap();
        format!("{SESSION}={}", URL_SAFE_NO_PAD.encode(sealed))
    }

    fn messages(session: &str) -> Event {
        Event::get("/messages").cookie(session)
    }

    async fn status(world: &World, event: &Event) -> u16 {
        world.instance.send(event).await.status()
    }

    /// What KMS unwraps for whoever may use the key.
    async fn unwrap(world: &World, wrapped: Vec<u8>, user: &str) -> Option<[u8; 32]> {
        let kms = aws_sdk_kms::Client::new(&world.aws.sdk_config());
        let request = kms.decrypt().ciphertext_blob(Blob::new(wrapped));
        let request = request.encryption_context("purpose", "gmail-connect").encryption_context("user_id", user);
        let answer = request.send().await.ok()?;
        answer.plaintext?.into_inner().try_into().ok()
    }

    /// A sealed token of a row, for whoever has the table and may use the KMS key.
    async fn token(world: &World, row: &Value, attribute: &str) -> Option<String> {
        let user = row["user_id"]["S"].as_str().unwrap();
        let key = SealingKey::new(&unwrap(world, bytes(row, "data_key"), user).await?).unwrap();
        let opened = key.open(&format!("{attribute}\0{user}"), &bytes(row, attribute))?;
        Some(String::from_utf8(opened.to_vec()).unwrap())
    }

    /// What Google's token endpoint says to a form.
    async fn ask_google(world: &World, form: &[(&str, &str)]) -> Value {
        let request = http_client().unwrap().post(format!("{}/token", world.google.origin()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    async fn refresh(world: &World, client_secret: &str, refresh_token: &str) -> Value {
        let form = [
            ("client_id", CLIENT_ID),
            ("client_secret", client_secret),
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        ask_google(world, &form).await
    }

    /// What Gmail says to an access token.
    async fn ask_gmail(world: &World, access_token: &str) -> u16 {
        let url = format!("{}/gmail/v1/users/me/messages", world.google.origin());
        http_client().unwrap().get(url).bearer_auth(access_token).send().await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn a_table_alone_tells_who_is_connected_and_opens_nothing() {
        let world = world().await;
        let rows = world.items();
        let text = Value::from(rows.clone()).to_string();
        for known in [ANNA, DAVID, &sub(ANNA), CLIENT_ID, READONLY, "connected_at"] {
            assert!(text.contains(known), "{known} is there for all to read");
        }
        world.assert_nothing_readable("the table", &text);
        // Nothing in it is a key to anything in it.
        let binaries = binaries(&rows);
        let keys: BTreeSet<&[u8]> = binaries.iter().flat_map(|value| value.windows(32)).collect();
        assert!(keys.len() > 100, "{}", keys.len());
        for key in keys {
            let key = SealingKey::new(key.try_into().unwrap()).unwrap();
            for (email, attribute) in [(ANNA, "refresh_token"), (ANNA, "access_token"), (DAVID, "refresh_token")] {
                let sealed = bytes(&world.connection(email).unwrap(), attribute);
                assert!(key.open(&format!("{attribute}\0{}", sub(email)), &sealed).is_none());
            }
        }
    }

    /// Also for someone who has a refresh token, or what Google calls it by, from elsewhere.
    #[tokio::test]
    async fn a_table_alone_does_not_tell_whose_a_refresh_token_is() {
        let world = world().await;
        let rows = world.items();
        let index: Vec<_> =
            rows.iter().filter_map(|row| row["pk"]["S"].as_str()?.strip_prefix("token#").map(str::to_owned)).collect();
        assert_eq!(index.len(), 4, "two ways of naming each token");
        let tokens: Vec<_> = world.issued_tokens().into_iter().filter(|token| token.starts_with("1//")).collect();
        assert!(tokens.len() >= 2);
        let guessed: Vec<Vec<u8>> =
            [Vec::new(), CLIENT_ID.into(), TABLE.into()].into_iter().chain(binaries(&rows)).collect();
        let kept = rows.iter().find(|row| row["pk"]["S"] == "key#token-index").unwrap();
        let key = unwrap(&world, bytes(kept, "value"), "token-index").await.unwrap();
        for token in &tokens {
            let unkeyed = names(token)
                .into_iter()
                .flat_map(|name| [&SHA256, &SHA512].map(|it| digest(it, &name).as_ref().to_vec()));
            assert!(!unkeyed.chain(keyed(token, &guessed)).any(|hash| is_in(&index, &hash)));
            // The KMS key opens the index's own key, and with that it does.
            assert!(keyed(token, &[key.to_vec()]).iter().all(|hash| is_in(&index, hash)));
        }
    }

    /// What Google calls a refresh token by, as it is hashed for the index.
    fn names(token: &str) -> [Vec<u8>; 2] {
        let twice = digest(&SHA512, digest(&SHA512, token.as_bytes()).as_ref());
        let hash = format!("hash_base64_sha512_sha512\0{}", STANDARD.encode(twice));
        [format!("prefix\0{}", &token[..16]).into_bytes(), hash.into_bytes()]
    }

    /// What Google calls a token by, hashed with each of the keys.
    fn keyed(token: &str, keys: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let hash = |key: &Vec<u8>, name: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), name);
        keys.iter().flat_map(|key| names(token).map(|name| hash(key, &name).as_ref().to_vec())).collect()
    }

    fn is_in(index: &[String], hash: &[u8]) -> bool {
        let forms =
            [STANDARD.encode(hash), STANDARD_NO_PAD.encode(hash), URL_SAFE_NO_PAD.encode(hash), hexadecimal(hash)];
        forms.iter().any(|form| index.contains(form))
    }

    #[tokio::test]
    async fn the_cookie_key_opens_nothing_in_the_table() {
        let world = world().await;
        let keys = CookieKeys::derive(&CookieKeySecret::new(COOKIE_KEY), None).unwrap();
        let names = [SESSION.to_owned(), "refresh_token".to_owned(), format!("refresh_token\0{}", sub(ANNA))];
        for value in binaries(&world.items()) {
            for (purpose, name) in names.iter().flat_map(|name| [(Purpose::Session, name), (Purpose::Pending, name)]) {
                assert!(keys.open(purpose, name, &value).is_none());
            }
        }
    }

    /// The worst theft but that of everything: whoever has the key is any user, at the front door.
    #[tokio::test]
    async fn the_cookie_key_is_every_users_session_until_it_was_rotated_twice() {
        let world = world().await;
        let session = forged(COOKIE_KEY, &sub(ANNA), world.clock.now());
        assert_eq!(status(&world, &messages(&session)).await, 200);
        assert_eq!(status(&world, &Event::get("/connection").cookie(&session)).await, 200);
        // It is a session and no more: a backend's routes want a signature, and a user who is not connected has no mail.
        let backend = Event::get(&format!("/users/{}/messages", sub(ANNA))).cookie(&session);
        problem(&world.instance.send(&backend).await, 403, "forbidden");
        let nobody = messages(&forged(COOKIE_KEY, "999", world.clock.now()));
        problem(&world.instance.send(&nobody).await, 404, "connection_not_found");
        // Ending the sessions does not help, for new ones are forged at will.
        let disconnected = Event::delete("/connection").cookie(&session).header("origin", BASE_URL);
        assert_eq!(status(&world, &disconnected).await, 200, "nor is anyone safe from being disconnected");
        world.clock.advance(Duration::from_mins(1));
        world.connect(ANNA).await;
        assert_eq!(status(&world, &messages(&session)).await, 401);
        let forge = || messages(&forged(COOKIE_KEY, &sub(ANNA), world.clock.now()));
        assert_eq!(status(&world, &forge()).await, 200);
        // Rotated once, the key still opens; rotated twice, it is worth nothing.
        for (key, expected) in [("second", 200), ("third", 401)] {
            world.aws.secrets().put(COOKIE_KEY_SECRET_ID, &key.repeat(10)).unwrap();
            let answer = world.another_instance().await.send(&forge()).await;
            assert_eq!(answer.status(), expected, "{key}");
            world.clock.advance(Duration::from_mins(6));
            let warm = world.instance.send(&forge()).await;
            assert!(warm.status() == 200 || expected == 401, "{key}");
        }
        world.clock.advance(Duration::from_mins(6));
        status(&world, &Event::get("/messages")).await;
        assert_eq!(status(&world, &forge()).await, 401, "also where it was in use");
    }

    #[tokio::test]
    async fn the_cookie_key_opens_the_attempt_of_whoevers_cookie_is_there_and_that_brings_nothing_alone() {
        let world = World::start().await;
        let location = world.consented("").await;
        let cookies = world.visitor.jar().cookies();
        let (name, value) = cookies[0].split_once('=').unwrap();
        let keys = CookieKeys::derive(&CookieKeySecret::new(COOKIE_KEY), None).unwrap();
        let opened = keys.open(Purpose::Pending, name, &URL_SAFE_NO_PAD.decode(value).unwrap()).unwrap();
        let pending: Value = serde_json::from_slice(&opened).unwrap();
        // The verifier is there; with it and the code Google still wants the client secret.
        let url = Url::parse(&location).unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let redirect_uri = format!("{BASE_URL}/callback");
        let exchange = |client_secret| {
            let form = [
                ("client_id", CLIENT_ID),
                ("client_secret", client_secret),
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("code_verifier", pending["v"].as_str().unwrap()),
                ("redirect_uri", redirect_uri.as_str()),
            ];
            form.map(|(name, value): (&str, &str)| (name.to_owned(), value.to_owned()))
        };
        let form = exchange("GOCSPX-guessed");
        let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(ask_google(&world, &form).await["error"], "invalid_client");
    }

    #[tokio::test]
    async fn the_table_with_the_kms_key_is_an_hour_of_mail_and_with_the_client_secret_all_of_it() {
        let world = world().await;
        let row = world.connection(ANNA).unwrap();
        // In its own context, every token opens; in another's, none.
        let (access, refresh_token) =
            (token(&world, &row, "access_token").await.unwrap(), token(&world, &row, "refresh_token").await.unwrap());
        assert!(unwrap(&world, bytes(&row, "data_key"), &sub(DAVID)).await.is_none());
        assert_eq!(ask_gmail(&world, &access).await, 200);
        world.clock.advance(Duration::from_hours(1));
        assert_eq!(ask_gmail(&world, &access).await, 401);
        assert_eq!(refresh(&world, "GOCSPX-guessed", &refresh_token).await["error"], "invalid_client");
        let fresh = refresh(&world, CLIENT_SECRET, &refresh_token).await;
        assert_eq!(ask_gmail(&world, fresh["access_token"].as_str().unwrap()).await, 200);
        // A new client secret at Google ends that, and so does a disconnection.
        world.google.set_client_secret(CLIENT_ID, "GOCSPX-the-next");
        assert_eq!(refresh(&world, CLIENT_SECRET, &refresh_token).await["error"], "invalid_client");
        world.google.set_client_secret(CLIENT_ID, CLIENT_SECRET);
        let event = Event::delete(&format!("/users/{}/connection", sub(ANNA))).iam();
        assert_eq!(status(&world, &event).await, 200);
        assert_eq!(refresh(&world, CLIENT_SECRET, &refresh_token).await["error"], "invalid_grant");
    }

    #[tokio::test]
    async fn a_disabled_kms_key_makes_a_stolen_table_worthless_also_for_who_may_use_the_key() {
        let world = world().await;
        let row = world.connection(ANNA).unwrap();
        world.aws.kms().disable(&world.variables()["TOKEN_KMS_KEY_ID"]).unwrap();
        assert_eq!(token(&world, &row, "refresh_token").await, None);
        world.aws.kms().enable(&world.variables()["TOKEN_KMS_KEY_ID"]).unwrap();
        assert!(token(&world, &row, "refresh_token").await.is_some());
    }

    #[tokio::test]
    async fn a_backup_of_a_connection_that_was_ended_holds_tokens_that_are_dead() {
        let world = world().await;
        let backup = world.connection(ANNA).unwrap();
        let event = Event::delete(&format!("/users/{}/connection", sub(ANNA))).iam();
        assert_eq!(status(&world, &event).await, 200);
        // Without the KMS key it opens nothing; with it, what opens is dead at Google.
        let (access, refresh_token) = (
            token(&world, &backup, "access_token").await.unwrap(),
            token(&world, &backup, "refresh_token").await.unwrap(),
        );
        assert_eq!(ask_gmail(&world, &access).await, 401);
        assert_eq!(refresh(&world, CLIENT_SECRET, &refresh_token).await["error"], "invalid_grant");
        // Put back into the table, it is found out at its first use, and is no way in.
        world.aws.put_item(TABLE, &backup).unwrap();
        let listing = Event::get(&format!("/users/{}/messages", sub(ANNA))).iam();
        problem(&world.another_instance().await.send(&listing).await, 401, "reauthorization_required");
        assert_eq!(world.attribute(ANNA, "status").as_deref(), Some("revoked"));
    }

    #[tokio::test]
    async fn a_backup_from_before_a_second_consent_holds_a_token_that_google_still_takes() {
        let world = world().await;
        let backup = world.connection(ANNA).unwrap();
        world.clock.advance(Duration::from_mins(1));
        let location = world.consent(&world.visitor.begin("prompt=consent").await, &Decision::all(ANNA));
        assert_eq!(world.callback(&location).await.status(), 200);
        let old = token(&world, &backup, "refresh_token").await.unwrap();
        assert!(refresh(&world, CLIENT_SECRET, &old).await["access_token"].is_string());
        // A disconnection ends it, too: Google revokes the user's whole grant.
        let event = Event::delete(&format!("/users/{}/connection", sub(ANNA))).iam();
        assert_eq!(status(&world, &event).await, 200);
        assert_eq!(refresh(&world, CLIENT_SECRET, &old).await["error"], "invalid_grant");
    }

    /// What the table knows of ended sessions goes back with it.
    #[tokio::test]
    async fn a_table_put_back_takes_sessions_again_that_were_ended_since() {
        let world = World::start().await;
        let session = world.connect(ANNA).await;
        let backup = world.connection(ANNA).unwrap();
        world.clock.advance(Duration::from_mins(1));
        let told =
            tests::security_event::saying(&world, "risc", "sessions-revoked", &tests::security_event::about(ANNA));
        assert_eq!(status(&world, &tests::security_event::post(&told)).await, 202);
        assert_eq!(status(&world, &messages(&session)).await, 401);
        world.aws.put_item(TABLE, &backup).unwrap();
        assert_eq!(status(&world, &messages(&session)).await, 200);
    }

    #[tokio::test]
    async fn a_row_that_a_writer_of_the_table_moves_to_himself_brings_him_nobodys_mail() {
        let world = World::start().await;
        world.connect(DAVID).await;
        let davids = world.visitor.jar().cookies().join("; ");
        world.connect(ANNA).await;
        let annas = world.connection(ANNA).unwrap();
        for user in [ANNA, DAVID] {
            let mut row = annas.clone();
            row["pk"] = json!({"S": connection_key(DAVID)});
            row["user_id"] = json!({"S": sub(user)});
            world.aws.put_item(TABLE, &row).unwrap();
            let calls = world.google.calls(Endpoint::List);
            let answer = world.another_instance().await.send(&messages(&davids)).await;
            assert_ne!(answer.status(), 200, "the row says that it is of {user}");
            assert_eq!(world.google.calls(Endpoint::List), calls);
        }
    }

    /// A log line has words and numbers; each is tried wherever a secret opens something.
    #[tokio::test]
    async fn no_word_of_a_log_opens_anything() {
        let world = world().await;
        let process = world.process("list-messages", &[("RUST_LOG", "trace")]).await;
        world.google.expire_access_tokens(&sub(ANNA));
        process.ask(&Event::get(&format!("/users/{}/messages", sub(ANNA))).query("format=full").iam()).await;
        process.ask(&world.visitor.event("/messages")).await;
        process.ask(&messages(&format!("{SESSION}=x"))).await;
        process.lines(3).await;
        let log = process.output();
        let words: BTreeSet<_> = log.split(|it: char| !it.is_ascii_alphanumeric() && !"-_./".contains(it)).collect();
        assert!(words.len() > 30, "{log}");
        let known: BTreeSet<_> = world.issued_tokens().into_iter().collect();
        for word in words {
            assert!(!known.contains(word));
            assert_eq!(status(&world, &messages(&format!("{SESSION}={word}"))).await, 401, "{word}");
        }
        assert!(!log.contains(&sub(ANNA)), "not even who it was");
    }

    #[tokio::test]
    async fn a_session_cookie_is_that_users_mail_until_the_session_ends() {
        let world = World::start().await;
        let session = world.connect(ANNA).await;
        assert_eq!(status(&world, &messages(&session)).await, 200);
        // It cannot be made into another user's, nor put to another use.
        let (_, value) = session.split_once('=').unwrap();
        let mut sealed = URL_SAFE_NO_PAD.decode(value).unwrap();
        for at in 0..sealed.len() {
            sealed[at] ^= 1;
            let changed = format!("{SESSION}={}", URL_SAFE_NO_PAD.encode(&sealed));
            assert_eq!(status(&world, &messages(&changed)).await, 401);
            sealed[at] ^= 1;
        }
        let pending =
            Event::get("/callback").query("state=AAAAAAAAx&code=x").cookie(format!("__Host-pending-AAAAAAAA={value}"));
        assert_eq!(status(&world, &pending).await, 400);
        let other_site = Event::delete("/connection").cookie(&session).header("origin", "https://evil.example");
        assert_eq!(status(&world, &other_site).await, 403);
        // It ends with the connection, also where that is made anew, and with its time.
        let event = Event::delete(&format!("/users/{}/connection", sub(ANNA))).iam();
        assert_eq!(status(&world, &event).await, 200);
        world.clock.advance(Duration::from_mins(1));
        let next = world.connect(ANNA).await;
        assert_eq!(status(&world, &messages(&session)).await, 401);
        assert_eq!(status(&world, &messages(&next)).await, 200);
        world.clock.advance(Duration::from_hours(8));
        assert_eq!(status(&world, &messages(&next)).await, 401);
    }

    #[tokio::test]
    async fn a_client_secret_alone_brings_no_token_also_with_a_code_that_was_seen() {
        let world = World::start().await;
        let redirect_uri = format!("{BASE_URL}/callback");
        let verifier = "a-verifier-that-was-guessed-and-is-as-long-as-they-are";
        for proof in [None, Some(("code_verifier", verifier))] {
            let location = world.consented("").await;
            let url = Url::parse(&location).unwrap();
            let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
            let mut form = vec![
                ("client_id", CLIENT_ID),
                ("client_secret", CLIENT_SECRET),
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &redirect_uri),
            ];
            form.extend(proof);
            let answer = ask_google(&world, &form).await;
            assert!(answer["access_token"].is_null());
            assert_eq!(answer["error"], "invalid_grant", "{answer}");
        }
        assert_eq!(
            refresh(&world, CLIENT_SECRET, "1//a-refresh-token-that-was-guessed").await["error"],
            "invalid_grant"
        );
    }

    /// What each function's role is worth, by the one table that every test holds it to.
    #[test]
    fn the_role_of_authorize_url_has_the_secrets_and_neither_the_table_nor_the_key() {
        let may = |function: &str| -> BTreeSet<_> { Role::of(function).unwrap().grants().collect() };
        let beyond: Vec<_> = may("authorize-url")
            .into_iter()
            .filter(|(action, _)| {
                !action.starts_with("secretsmanager:") && !action.starts_with("logs:") && !action.starts_with("xray:")
            })
            .collect();
        assert_eq!(beyond, []);
        assert!(may("authorize-url").contains(&("secretsmanager:GetSecretValue", Resource::CookieKey)));
        for (function, both) in [
            ("callback", true),
            ("list-messages", true),
            ("connection", true),
            ("security-events", true),
            ("connection-events", false),
        ] {
            let opens = may(function).contains(&("kms:Decrypt", Resource::DataKeys));
            let reads = may(function).contains(&("dynamodb:GetItem", Resource::Table));
            assert_eq!(opens && reads, both, "{function}");
        }
        let forges = |function| may(function).contains(&("secretsmanager:GetSecretValue", Resource::CookieKey));
        assert!(!forges("security-events") && !forges("connection-events"));
    }
}
