//! Inputs that are large where a parser may be weak: what they cost grows as they do, and no faster.
//!
//! Memory is counted, so that the same input costs the same each time. Steps are not: where they grew with the square of the
//! input, the largest would be done in hours, and not in the minute that it has.

#[cfg(test)]
mod monsters {
    use std::{io::Write, sync::mpsc, thread, time::Duration};

    use allocation_counter::{AllocationInfo, measure};
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use flate2::{Compression, write::GzEncoder};
    use fuzz::{TARGETS, Target};

    /// The bytes of the smallest input, about.
    const SMALL: usize = 64 * 1024;
    /// The bytes of the largest, about.
    const LARGE: usize = 1024 * 1024;
    /// What the largest may take.
    const PATIENCE: Duration = Duration::from_mins(1);
    /// The most bytes that may be held for each byte of the input, and besides.
    const MOST: (u64, u64) = (256, 8 * 1024 * 1024);

    /// Something repeated: the target, what it begins with, what is repeated, what it ends with.
    const MONSTERS: [(&str, &str, &str, &str); 52] = [
        ("accept", "", ",", ""),
        ("accept", "", ";", ""),
        ("accept", "", "\"\\", ""),
        ("accept", "a;q=0.", "0", ""),
        ("accept", "", "text/html;q=0.5,", ""),
        ("accept", "", "de-", ""),
        ("aws", "\0\0{\"Item\":{", "\"a\":{\"S\":\"b\"},", "\"pk\":{\"S\":\"c\"}}}"),
        ("aws", "\0\0{\"Item\":{\"mints\":{\"NS\":[", "\"1\",", "\"2\"]}}}"),
        ("aws", "\0\0{\"Item\":{\"scopes\":{\"SS\":[", "\"a\",", "\"b\"]}}}"),
        ("batch", "multipart/mixed; boundary=b\n", "--b\r\n", "--b--"),
        ("batch", "multipart/mixed; boundary=b\n", "\r\n--b\r\n\r\n", ""),
        ("batch", "multipart/mixed; boundary=b\n--b\r\nContent-ID: 0\r\n\r\n", "\n--", "\n--b--"),
        ("batch", "multipart/mixed; boundary=b\n--b", "\r", "\n--b--"),
        ("batch", "multipart/mixed; boundary=b\n--b\r\n", "a: b\r\n", "\r\nHTTP/1.1 200\r\n\r\n{}\n--b--"),
        ("batch", "multipart/mixed; ", "boundary=;", "\n--b--"),
        ("batch", "", "a ", "\n"),
        ("client_secret", "", "[", ""),
        ("client_secret", "{\"web\":{\"redirect_uris\":[", "\"\",", "\"\"]}}"),
        ("cookies", "$state", "\n__Host-pending-aaaaaaaa=x", ""),
        ("cookies", "$state", "\n__Host-session=AAAA", "\n$session"),
        ("cookies", "$state\n", "=", ""),
        ("event", "{\"headers\":{\"cookie\":\"", ";", "\"}}"),
        ("event", "{\"a\":", "[", ""),
        ("event", "{\"headers\":{", "\"a\":\"\",", "\"b\":\"\"}}"),
        ("event", "{\"isBase64Encoded\":true,\"body\":\"", "AAAA", "\"}"),
        ("event", "{\"rawQueryString\":\"", "\\u0000", "\"}"),
        ("front_door", "GET /callback?state=", "a", "\n\n"),
        ("front_door", "GET /messages?", "labelIds=a&", "\nCookie: $session\n\n"),
        ("front_door", "GET /messages?pageToken=~", "A", "\nCookie: $session\n\n"),
        ("front_door", "GET /authorize\nCookie: ", "__Host-pending-aaaaaaaa=AAAA; ", "\n\n"),
        ("front_door", "POST /security-events\n\n", "A.", ""),
        ("front_door", "GET /users/", "1", "/connection\niam: 1\n\n"),
        ("front_door", "GET ", "/", "\n\n"),
        ("gmail_list", "{\"messages\":[", "{\"id\":\"a\",\"threadId\":\"b\"},", "{\"id\":\"a\",\"threadId\":\"b\"}]}"),
        ("gmail_list", "{\"a\":", "{\"a\":", ""),
        (
            "google",
            "\x04\0\n\n{\"messages\":[",
            "{\"id\":\"a\",\"threadId\":\"b\"},",
            "{\"id\":\"a\",\"threadId\":\"b\"}]}",
        ),
        ("google", "\x05\0content-type: multipart/mixed; boundary=b\n\n", "\r\n--b\r\n\r\n", "\r\n--b--"),
        ("google", "\x04\x04\n\n{\"error\":{\"errors\":[", "{},", "{}]}}"),
        ("google", "\0\0\n\n{\"access_token\":\"a\",\"scope\":\"", "a ", "\"}"),
        ("google", "\x06\0\n\n{\"keys\":[", "{},", "{}]}"),
        ("id_token", "", ".", ""),
        ("id_token", "", "A", ".A.A"),
        ("id_token", "{\"iss\":\"a\",\"exp\":1,\"iat\":1,\"aud\":[", "\"\",", "\"\"]}"),
        ("page", "\x08", "\n", ""),
        ("page", "\x08/\n", "<\"&'>", ""),
        ("page", "\x08/\n\n\n\n", "https://a\n", ""),
        ("query", "", "&", ""),
        ("query", "", "q&", ""),
        ("query", "q=", "%", ""),
        ("records", "{\"Records\":[", "{\"dynamodb\":{\"SequenceNumber\":\"1\"}},", "0]}"),
        ("return_to", "/", "a/../", ""),
        ("security_event", "{\"iss\":\"accounts.google.com\",\"aud\":\"\",\"events\":{", "\"a\":{},", "\"b\":{}}}"),
    ];

    fn target(name: &str) -> Target {
        TARGETS.iter().find(|(given, _)| *given == name).unwrap().1
    }

    fn monster((_, begin, repeated, end): (&str, &str, &str, &str), length: usize) -> Vec<u8> {
        [begin, &repeated.repeat(length / repeated.len()), end].concat().into_bytes()
    }

    /// What a target costs, if it is done in time.
    fn cost(hold: Target, input: Vec<u8>, name: &str) -> AllocationInfo {
        let (done, wait) = mpsc::channel();
        let bearing = thread::spawn(move || {
            // What is made once is not the input's.
            hold(b"");
            let cost = measure(|| hold(&input));
            let _ = done.send(());
            cost
        });
        let waited = wait.recv_timeout(PATIENCE);
        assert_ne!(waited, Err(mpsc::RecvTimeoutError::Timeout), "{name} takes more than {PATIENCE:?}");
        bearing.join().unwrap()
    }

    #[test]
    fn what_an_input_costs_grows_as_the_input_does() {
        for what in MONSTERS {
            let (name, hold) = (format!("{what:?}"), target(what.0));
            cost(hold, monster(what, SMALL), &name);
            let small = cost(hold, monster(what, SMALL), &name);
            let large = cost(hold, monster(what, 4 * SMALL), &name);
            assert!(large.count_total <= 5 * small.count_total + 1_000, "{name}: {small:?} {large:?}");
            assert!(large.bytes_total <= 5 * small.bytes_total + MOST.1, "{name}: {small:?} {large:?}");
            let most = MOST.0 * 4 * SMALL as u64 + MOST.1;
            assert!(large.bytes_max <= most, "{name}: {large:?}");
        }
    }

    #[test]
    fn the_largest_inputs_are_done_in_time() {
        for what in MONSTERS {
            cost(target(what.0), monster(what, LARGE), &format!("{what:?}"));
        }
    }

    #[test]
    fn a_small_answer_that_unpacks_to_a_large_one_is_not_held() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        let room = " ".repeat(LARGE);
        for _ in 0..256 {
            packed.write_all(room.as_bytes()).unwrap();
        }
        let packed = packed.finish().unwrap();
        assert!(packed.len() < SMALL * 5, "{}", packed.len());
        for call in 0..8 {
            let input = [
                &[call, 0],
                b"content-encoding: gzip\ncontent-type: multipart/mixed; boundary=b\n\n".as_slice(),
                &packed,
            ];
            let cost = cost(target("google"), input.concat(), &format!("call {call}"));
            assert!(cost.bytes_max < 32 * 1024 * 1024, "call {call}: {cost:?}");
        }
    }

    #[test]
    fn a_token_with_a_large_header_is_refused_in_time() {
        for claims in [
            format!("\"jwk\":{}{}", "[".repeat(LARGE / 2), "]".repeat(LARGE / 2)),
            format!("\"x\":\"{}\"", "\\u0000".repeat(LARGE / 6)),
        ] {
            let header = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"RS256\",\"kid\":\"emulator-only-1\",{claims}}}"));
            for name in ["id_token", "security_event"] {
                cost(target(name), format!("{header}.e30.AAAA").into_bytes(), name);
            }
        }
    }
}
