use serde_json::Value;

use super::*;

fn lambda(before: Measured) -> LambdaInvocation {
    LambdaInvocation {
        function_name: "gmail-connect-callback".into(),
        request_id: "r-1".into(),
        trace_id: Some("1-0-0".into()),
        began_at: Timestamp::from_unix_millis(1_795_345_200_123),
        before,
    }
}

async fn seen<T>(future: impl Future<Output = T>) -> (Option<Value>, Value) {
    let mut seen = None;
    observed("callback", future, |_, this| seen = Some(this)).await;
    let Seen { upstream, metrics, .. } = seen.unwrap();
    (metrics.map(|text| serde_json::from_str(&text).unwrap()), serde_json::from_str(&upstream).unwrap())
}

/// The metrics of a warm invocation by Lambda.
async fn measured_in_lambda<T>(before: Measured, future: impl Future<Output = T>) -> (Option<Value>, Value) {
    COLD.store(false, Ordering::Relaxed);
    in_lambda(lambda(before), seen(future)).await
}

#[tokio::test]
async fn without_lambda_there_are_no_metrics() {
    let (metrics, upstream) = seen(async {
        count(Metric::Refreshes, 1);
        timed("kms.decrypt", async {}).await;
    })
    .await;
    assert_eq!(metrics, None);
    assert_eq!(upstream[0]["call"], "kms.decrypt");
}

#[tokio::test]
async fn with_lambda_there_are_those_of_the_invocation_and_of_what_went_before() {
    let ((), before) = starting(async {
        count(Metric::AccessDenied, 1);
        timed("secretsmanager.get_secret_value", async {}).await;
    })
    .await;
    let (metrics, upstream) = measured_in_lambda(before, timed("kms.decrypt", async {})).await;
    let metrics = metrics.unwrap();
    assert_eq!((&metrics["Service"], &metrics["AccessDenied"]), (&"gmail-connect".into(), &1.into()));
    assert!(metrics["SecretsManagerLatency"].is_array() && metrics["KmsLatency"].is_array(), "{metrics}");
    // The start's calls are not the request's.
    assert_eq!((upstream.as_array().unwrap().len(), &upstream[0]["call"]), (1, &"kms.decrypt".into()));
    assert_eq!(measured_in_lambda(Measured::default(), async {}).await.0, None);
}

#[test]
fn what_happens_outside_of_everything_is_recorded_nowhere_and_harms_nothing() {
    count(Metric::Refreshes, 1);
    assert_eq!(speaker(), (None, None));
}
