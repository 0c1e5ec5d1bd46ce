//! Events, answers and the cookie jar.

use serde_json::{Value, json};
use shared::http::Request;
use tests::{answer::Answer, cookie_jar::CookieJar, event::Event};

#[test]
fn an_event_holds_what_the_request_holds() {
    let event = Event::get("/messages")
        .query("q=a%20b&labelIds=B&labelIds=C")
        .cookie("name=value")
        .header("Accept", "text/html")
        .iam()
        .json();
    assert_eq!(event["routeKey"], "GET /messages");
    assert_eq!(event["rawQueryString"], "q=a%20b&labelIds=B&labelIds=C");
    assert_eq!(event["queryStringParameters"], json!({ "q": "a b", "labelIds": "B,C" }));
    assert_eq!(event["cookies"], json!(["name=value"]));
    assert_eq!(event["headers"]["accept"], "text/html");
    assert_eq!(event["requestContext"]["http"]["method"], "GET");
    assert!(event["requestContext"]["authorizer"]["iam"].is_object());
}

#[test]
fn an_event_leaves_out_what_the_request_has_not() {
    let event = Event::get("/authorize").json();
    for absent in ["cookies", "queryStringParameters", "pathParameters", "body"] {
        assert_eq!(event.get(absent), None);
    }
    assert_eq!(event["requestContext"].get("authorizer"), None);
}

#[test]
fn an_event_of_a_users_route_names_the_route_and_the_user() {
    let event = Event::delete("/users/1234/connection").json();
    assert_eq!(event["routeKey"], "DELETE /users/{user_id}/connection");
    assert_eq!(event["pathParameters"], json!({ "user_id": "1234" }));
    assert_eq!(event["rawPath"], "/users/1234/connection");
}

#[test]
fn an_event_of_the_list_of_users_names_no_user() {
    let event = Event::get("/users").query("status=active").iam().json();
    assert_eq!((&event["routeKey"], event.get("pathParameters")), (&json!("GET /users"), None));
}

#[test]
fn a_body_that_is_not_of_a_text_type_is_base64_and_the_function_reads_it_back() {
    let event = Event::post("/security-events").body("application/secevent+jwt", "a.b.c").json();
    assert_eq!(event["isBase64Encoded"], true);
    let request = Request::from_event(&event.to_string()).unwrap();
    assert_eq!(request.body, b"a.b.c");
    assert_eq!(request.header("content-length"), Some("5"));
}

#[test]
fn a_json_body_stays_as_it_is() {
    let event = Event::post("/security-events").body("application/json; charset=utf-8", "{}").json();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
}

fn answer(cookies: &Value) -> Answer {
    let headers = json!({ "Content-Type": "application/json" });
    Answer::read(json!({ "statusCode": 200, "headers": headers, "cookies": cookies, "body": "{\"a\":1}" })).unwrap()
}

#[test]
fn an_answer_is_read_by_its_parts() {
    let answer = answer(&json!(["a=1=2; Path=/", "b=; Max-Age=0"]));
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json().unwrap(), json!({ "a": 1 }));
    assert_eq!(answer.cookie_value("a"), Some("1=2"));
    assert_eq!(answer.cookie_value("b"), Some(""));
    assert_eq!(answer.cookie_value("c"), None);
}

#[test]
fn an_answer_with_a_field_that_api_gateway_does_not_know_is_refused() {
    assert!(Answer::read(json!({ "statusCode": 200, "outcome": "ok" })).is_err());
    assert!(Answer::read(json!({ "body": "no status" })).is_err());
}

#[test]
fn the_jar_keeps_replaces_and_removes_cookies() {
    let mut jar = CookieJar::default();
    jar.apply(answer(&json!(["a=1; Max-Age=600", "b=2", "c=3"])).cookies());
    jar.apply(answer(&json!(["a=; Max-Age=0; Path=/", "b=4"])).cookies());
    assert_eq!(jar.cookies(), ["b=4", "c=3"]);
    assert_eq!((jar.value("a"), jar.value("b")), (None, Some("4")));
}

#[test]
fn the_jar_refuses_a_host_cookie_that_a_browser_refuses() {
    let mut jar = CookieJar::default();
    jar.apply(["__Host-a=1; Path=/", "__Host-b=1; Secure", "__Host-c=1; Secure; Path=/; Domain=example.com"]);
    assert!(jar.cookies().is_empty());
    jar.apply(["__Host-a=1; Secure; Path=/"]);
    assert_eq!(jar.cookies(), ["__Host-a=1"]);
}
