use std::{collections::BTreeSet, fs, path::Path};

use proptest::prelude::*;

use super::*;

const AT: Timestamp = Timestamp::from_unix_millis(1_795_345_200_123);

/// Everything that is wrong with metrics by
/// [the format's schema](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html#CloudWatch_Embedded_Metric_Format_Specification_schema)
/// and its limits.
fn faults(line: &Map<String, Value>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |holds: bool, what: String| faults.extend((!holds).then_some(what));
    check(line["_aws"]["Timestamp"].as_u64().is_some_and(|at| at > 0), "timestamp".to_owned());
    let mut defined = BTreeSet::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        let names: BTreeSet<_> = directive.as_object().unwrap().keys().map(String::as_str).collect();
        check(names == BTreeSet::from(["Dimensions", "Metrics", "Namespace"]), format!("directive {names:?}"));
        check(directive["Namespace"].as_str().is_some_and(|name| (1..=1024).contains(&name.len())), "namespace".into());
        let sets = directive["Dimensions"].as_array().unwrap();
        check(!sets.is_empty(), "no dimensions".to_owned());
        for set in sets {
            let set: Vec<_> = set.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            check((1..=30).contains(&set.len()), format!("{} dimensions", set.len()));
            for name in &set {
                let value = line.get(*name).and_then(Value::as_str).unwrap_or_default();
                check((1..=1024).contains(&value.len()), format!("dimension {name} {value}"));
            }
            let metrics = directive["Metrics"].as_array().unwrap();
            check((1..=100).contains(&metrics.len()), format!("{} metrics", metrics.len()));
            for metric in metrics {
                let name = metric["Name"].as_str().unwrap();
                check((1..=1024).contains(&name.len()), format!("name {name}"));
                check(["Count", "Milliseconds"].contains(&metric["Unit"].as_str().unwrap()), format!("unit of {name}"));
                check(defined.insert((name, set.clone())), format!("{name} twice"));
                let values = match line.get(name) {
                    Some(Value::Array(values)) => values.iter().collect(),
                    Some(value) => vec![value],
                    None => vec![],
                };
                let finite =
                    values.iter().all(|value| value.as_f64().is_some_and(|value| value.abs() < 2f64.powi(360)));
                check((1..=100).contains(&values.len()) && finite, format!("values of {name}: {values:?}"));
            }
        }
    }
    let known: BTreeSet<_> = defined.iter().flat_map(|(name, set)| [vec![*name], set.clone()].concat()).collect();
    for name in line.keys() {
        check(name == "_aws" || known.contains(name.as_str()), format!("{name} is of no directive"));
    }
    faults
}

fn call(name: &'static str, ms: f64) -> Call {
    Call { call: name, ms }
}

fn members(measured: &Measured) -> Option<Value> {
    measured.to_members("gmail-connect", "callback", AT).map(Value::Object)
}

#[test]
fn what_was_measured_is_said_with_its_dimensions_and_units() {
    let calls = vec![call("kms.decrypt", 1.5), call("gmail.list", 2.0), call("gmail.batch", 3.0)];
    let mut measured = Measured { calls, ..Measured::default() };
    measured.count(Metric::ColdStarts, 1);
    measured.count(Metric::GmailQuotaUnits, 5);
    measured.count(Metric::GmailQuotaUnits, 40);
    measured.count(Metric::Reauthorizations { cause: "invalid_grant" }, 1);
    let count = |name: &str| json!({"Name": name, "Unit": "Count"});
    let millis = |name: &str| json!({"Name": name, "Unit": "Milliseconds"});
    let of_service =
        [count("GmailQuotaUnits"), count("Reauthorizations"), millis("GmailLatency"), millis("KmsLatency")];
    let directive = |dimensions: &[&str], metrics: &[Value]| json!({"Namespace": "GmailConnect", "Dimensions": [dimensions], "Metrics": metrics});
    let expected = json!({
        "_aws": {
            "Timestamp": 1_795_345_200_123_u64,
            "CloudWatchMetrics": [
                directive(&["Service"], &of_service),
                directive(&["Service", "Function"], &[count("ColdStarts")]),
                directive(&["Service", "Cause"], &[count("Reauthorizations")]),
            ],
        },
        "Service": "gmail-connect",
        "Function": "callback",
        "Cause": "invalid_grant",
        "ColdStarts": 1,
        "GmailQuotaUnits": 45,
        "Reauthorizations": 1,
        "GmailLatency": [2.0, 3.0],
        "KmsLatency": [1.5],
    });
    assert_eq!(members(&measured), Some(expected));
}

#[test]
fn where_nothing_happened_nothing_is_said() {
    let mut measured = Measured::default();
    measured.count(Metric::Refreshes, 0);
    measured.count(Metric::Reauthorizations { cause: "expired" }, 0);
    measured.calls.push(call("vault.renew", 1.0));
    assert_eq!(members(&measured), None);
}

#[test]
fn dimensions_that_no_metric_needs_are_left_out() {
    let mut measured = Measured::default();
    measured.count(Metric::AccessTokenCacheHits, 1);
    let members = members(&measured).unwrap();
    assert!(members.get("Function").is_none() && members.get("Cause").is_none(), "{members}");
    assert_eq!(members["_aws"]["CloudWatchMetrics"].as_array().unwrap().len(), 1);
}

#[test]
fn the_service_is_what_stands_before_the_functions_name() {
    for (function_name, function, name) in [
        ("gmail-connect-callback", "callback", "gmail-connect"),
        ("gmail-connect-connection-events", "connection-events", "gmail-connect"),
        ("a-connection", "connection", "a"),
        ("callback", "callback", "callback"),
        ("-callback", "callback", "-callback"),
        ("mycallback", "callback", "mycallback"),
        ("gmail-connect-callback-Ab12", "callback", "gmail-connect-callback-Ab12"),
        ("something-else", "callback", "something-else"),
    ] {
        assert_eq!(service(function_name, function), name, "{function_name}");
    }
}

/// The names of upstream calls in a source file.
fn calls_in(source: &str) -> Vec<String> {
    let after = |marker: &str| source.split(marker).skip(1).map(str::to_owned).collect::<Vec<_>>();
    let named = ["timed(", "Source { call: "].into_iter().flat_map(after);
    named.filter_map(|rest| Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0.to_owned())).collect()
}

fn calls_below(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let calls = entries.flat_map(|path| match path.extension() {
        _ if path.is_dir() => calls_below(&path),
        Some(extension) if extension == "rs" && !path.ends_with("tests.rs") => {
            calls_in(&fs::read_to_string(&path).unwrap()).into_iter().collect()
        }
        _ => BTreeSet::new(),
    });
    calls.collect()
}

#[test]
fn every_upstream_call_has_its_metric_and_every_metric_its_call() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR"));
    let calls = &calls_below(&shared.join("src")) | &calls_below(&shared.join("../functions"));
    let table: Vec<_> = calls.iter().map(|call| (call.as_str(), latency_of(call).unwrap_or("none"))).collect();
    let expected = [
        ("dynamodb.get_item", "DynamoDbLatency"),
        ("dynamodb.put_item", "DynamoDbLatency"),
        ("dynamodb.query", "DynamoDbLatency"),
        ("dynamodb.transact_write_items", "DynamoDbLatency"),
        ("dynamodb.update_item", "DynamoDbLatency"),
        ("eventbridge.put_events", "EventBridgeLatency"),
        ("gmail.batch", "GmailLatency"),
        ("gmail.list", "GmailLatency"),
        ("google.jwks", "GoogleKeysLatency"),
        ("google.revoke", "GoogleRevokeLatency"),
        ("google.risc_configuration", "GoogleKeysLatency"),
        ("google.token.code", "GoogleTokenLatency"),
        ("google.token.refresh", "GoogleTokenLatency"),
        ("google.userinfo", "GoogleUserinfoLatency"),
        ("kms.decrypt", "KmsLatency"),
        ("kms.generate_data_key", "KmsLatency"),
        ("secretsmanager.batch_get_secret_value", "SecretsManagerLatency"),
        ("secretsmanager.get_secret_value", "SecretsManagerLatency"),
    ];
    assert_eq!(table, expected);
    for (prefix, _) in LATENCIES {
        assert!(calls.iter().any(|call| call.starts_with(prefix)), "{prefix}");
    }
}

#[test]
fn of_many_values_a_hundred_stay_that_are_spread_as_all_were() {
    let few: Vec<f64> = (0..100).rev().map(f64::from).collect();
    assert_eq!(folded(few.clone()), few);
    let many: Vec<f64> = (0..1_981).rev().map(f64::from).collect();
    let kept: Vec<f64> = (0..100).map(|nth| f64::from(nth * 20)).collect();
    assert_eq!(folded(many), kept);
    assert_eq!(folded(vec![7.0; 101]), vec![7.0; 100]);
}

fn metric() -> impl Strategy<Value = Metric> {
    prop_oneof![
        Just(Metric::AccessTokenCacheHits),
        Just(Metric::AccessDenied),
        Just(Metric::ColdStarts),
        Just(Metric::GmailQuotaUnits),
        Just(Metric::Misconfigured),
        prop::sample::select(vec!["invalid_grant", "expired", "unknown"])
            .prop_map(|cause| Metric::Reauthorizations { cause }),
        Just(Metric::Refreshes),
    ]
}

proptest! {
    #[test]
    fn whatever_was_measured_is_valid(
        counts in prop::collection::vec((metric(), prop_oneof![0..10u64, Just(u64::MAX)]), 0..20),
        calls in prop::collection::vec((prop::sample::select(LATENCIES.map(|(prefix, _)| prefix).to_vec()), 0.0..30_000.0), 0..400),
        service in "[a-zA-Z0-9_-]{1,64}",
    ) {
        let mut measured = Measured::default();
        for (metric, n) in &counts {
            measured.count(*metric, *n);
        }
        measured.calls.extend(calls.iter().map(|(name, ms)| call(name, *ms)));
        let happened = counts.iter().any(|(_, n)| *n > 0) || !calls.is_empty();
        let members = measured.to_members(&service, "list-messages", AT);
        prop_assert_eq!(members.is_some(), happened);
        if let Some(members) = members {
            prop_assert_eq!(faults(&members), Vec::<String>::new());
        }
    }
}
