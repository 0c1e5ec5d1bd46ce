//! Whether another site may make a browser disconnect.

use tests::{
    event::Event,
    world::{ANNA, BASE_URL, Settings, World},
};

use super::{assert_disconnected, calls_of, connected, connected_with, ended, problem};

const APP: &str = "https://app.example.com";
const PORT: &str = "https://staging.example.com:8443";

async fn with_origins() -> World {
    connected_with(Settings::default().variable("ALLOWED_RETURN_ORIGINS", &format!("{APP},{PORT}"))).await
}

fn from(world: &World, origin: &str) -> Event {
    Event::delete("/connection").cookies(world.visitor.jar().cookies()).header("origin", origin)
}

#[tokio::test]
async fn our_own_origin_and_the_allowed_ones_may_in_any_spelling() {
    for origin in
        [BASE_URL, "https://mail.example.com:443", "HTTPS://Mail.Example.COM", APP, "https://APP.example.com:443", PORT]
    {
        let world = with_origins().await;
        assert_disconnected(&world.instance.send(&from(&world, origin)).await, true);
    }
}

#[tokio::test]
async fn any_other_origin_is_refused_before_anything_is_looked_at() {
    let world = with_origins().await;
    let cookies = world.visitor.jar().cookies();
    let others = [
        "null",
        "",
        "*",
        "https://evil.example.net",
        "http://mail.example.com",
        "https://mail.example.com:444",
        "https://mail.example.com.evil.example.net",
        "https://evil.mail.example.com",
        "https://example.com",
        "https://mail.example.com@evil.example.net",
        "https://mail.example.com/connection",
        "https://mail.example.com,https://evil.example.net",
        "https://evil.example.net, https://mail.example.com",
        "https://staging.example.com",
        "https://staging.example.com:443",
        "http://app.example.com",
        "app.example.com",
        "//mail.example.com",
        "file://mail.example.com",
        "http://localhost",
        "http://127.0.0.1:8787",
        "https://mail.exаmple.com",
        "not a url",
        "\u{0}",
    ];
    let calls = calls_of(&world, async {
        for origin in others {
            for event in [from(&world, origin), Event::delete("/connection").header("origin", origin)] {
                let told = problem(&world.instance.send(&event).await, 403, "forbidden");
                assert!(told["detail"].as_str().unwrap().contains("Origin"), "{origin}: {told}");
            }
        }
        for event in [Event::delete("/connection"), Event::delete("/connection").cookies(cookies)] {
            problem(&world.instance.send(&event).await, 403, "forbidden");
            problem(&world.instance.send(&event.header("referer", &format!("{BASE_URL}/"))).await, 403, "forbidden");
        }
    });
    assert!(calls.await.is_empty());
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
}

#[tokio::test]
async fn without_a_public_address_the_host_that_was_called_is_our_own() {
    let world = connected().await;
    let instance = world.instance_with(&[("PUBLIC_BASE_URL", "")]).await.unwrap();
    let host = "abc.execute-api.eu-central-1.amazonaws.com";
    for origin in [BASE_URL, &format!("https://{}", tests::event::DOMAIN_NAME)] {
        problem(&instance.send(&from(&world, origin).domain_name(host)).await, 403, "forbidden");
    }
    let own = from(&world, &format!("https://{host}")).domain_name(host);
    assert_disconnected(&instance.send(&own).await, true);
}

#[tokio::test]
async fn with_a_public_address_the_host_behind_it_is_not_our_own() {
    let world = connected().await;
    let event = from(&world, &format!("https://{}", tests::event::DOMAIN_NAME));
    problem(&world.instance.send(&event).await, 403, "forbidden");
}

#[tokio::test]
async fn a_backend_needs_no_origin_and_may_have_any() {
    let world = connected().await;
    assert_disconnected(&world.instance.send(&ended(ANNA).header("origin", "https://evil.example.net")).await, true);
    world.connect(ANNA).await;
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
}

#[tokio::test]
async fn asking_needs_no_origin() {
    let world = connected().await;
    let event = world.visitor.event("/connection").header("origin", "https://evil.example.net");
    let answer = world.instance.send(&event).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.header("access-control-allow-origin").is_none());
}
