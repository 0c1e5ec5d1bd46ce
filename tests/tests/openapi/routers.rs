//! What stands before the functions on a developer's machine.

use std::{collections::BTreeSet, process::Command};

use local::gateway::{Authorizer, ROUTES};
use serde_json::Value;

use super::{documented, root};

#[test]
fn the_local_gateway_has_the_documented_routes() {
    let served = ROUTES.iter().map(|it| (it.key(), it.function.to_owned(), it.authorizer == Authorizer::AwsIam));
    assert_eq!(served.collect::<BTreeSet<_>>(), documented());
    assert_eq!(ROUTES.len(), documented().len());
}

#[test]
fn cargo_lambdas_router_has_the_documented_routes() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let router = metadata["metadata"]["lambda"]["watch"]["router"].as_object().unwrap();
    let mut served = BTreeSet::new();
    for (path, routes) in router {
        for route in routes.as_array().unwrap() {
            let (method, function) = (route["method"].as_str().unwrap(), route["function"].as_str().unwrap());
            assert!(served.insert((format!("{method} {path}"), function.to_owned())), "{method} {path} is there twice");
        }
    }
    // cargo lambda has no authorizers.
    let documented: BTreeSet<_> = documented().into_iter().map(|(route, function, _)| (route, function)).collect();
    assert_eq!(served, documented);
}
