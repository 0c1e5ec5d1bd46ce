use super::support::{secrets, start};

#[tokio::test]
async fn a_rotated_secret_has_its_forerunner_as_previous() {
    let aws = start(None).await;
    secrets(&aws).create_secret().name("cookie-key").secret_string("first").send().await.unwrap();
    secrets(&aws).put_secret_value().secret_id("cookie-key").secret_string("second").send().await.unwrap();
    secrets(&aws).put_secret_value().secret_id("cookie-key").secret_string("third").send().await.unwrap();
    let value = async |stage: &str| {
        let request = secrets(&aws).get_secret_value().secret_id("cookie-key").version_stage(stage);
        request.send().await.unwrap().secret_string.unwrap()
    };
    assert_eq!(value("AWSCURRENT").await, "third");
    assert_eq!(value("AWSPREVIOUS").await, "second");
    let described = secrets(&aws).describe_secret().secret_id("cookie-key").send().await.unwrap();
    assert_eq!(described.version_ids_to_stages.unwrap().len(), 2);
}

#[tokio::test]
async fn a_secret_is_found_by_its_arn_and_by_its_version() {
    let aws = start(None).await;
    let made = secrets(&aws).create_secret().name("a/client-secret").secret_string("text").send().await.unwrap();
    let arn = made.arn.unwrap();
    let partial = arn.rsplit_once('-').unwrap().0;
    for id in [arn.as_str(), partial, "a/client-secret"] {
        let request = secrets(&aws).get_secret_value().secret_id(id).version_id(made.version_id.clone().unwrap());
        assert_eq!(request.send().await.unwrap().secret_string.unwrap(), "text");
    }
    let wrong = secrets(&aws).get_secret_value().secret_id(format!("{partial}-ffffff")).send().await;
    assert!(wrong.unwrap_err().into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn a_secret_without_a_previous_version_has_none() {
    let aws = start(None).await;
    aws.secrets().put("cookie-key", "first").unwrap();
    let request = secrets(&aws).get_secret_value().secret_id("cookie-key").version_stage("AWSPREVIOUS");
    let error = request.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
}

#[tokio::test]
async fn secrets_read_together_name_the_missing_one() {
    let aws = start(None).await;
    aws.secrets().put("here", "text").unwrap();
    let request = secrets(&aws).batch_get_secret_value().secret_id_list("here").secret_id_list("gone");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.secret_values()[0].secret_string(), Some("text"));
    assert_eq!(answer.errors()[0].secret_id(), Some("gone"));
    assert_eq!(answer.errors()[0].error_code(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn a_secret_is_made_once() {
    let aws = start(None).await;
    aws.secrets().put("name", "text").unwrap();
    let again = secrets(&aws).create_secret().name("name").secret_string("other").send().await;
    assert!(again.unwrap_err().into_service_error().is_resource_exists_exception());
}

#[tokio::test]
async fn a_secret_without_a_value_is_there_and_has_none_until_one_is_put() {
    let aws = start(None).await;
    let made = secrets(&aws).create_secret().name("a/client-secret").send().await.unwrap();
    assert_eq!((made.name.as_deref(), made.version_id), (Some("a/client-secret"), None));
    let value = || secrets(&aws).get_secret_value().secret_id("a/client-secret").send();
    let error = value().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    assert!(error.to_string().contains("staging label: AWSCURRENT"), "{error}");
    secrets(&aws).put_secret_value().secret_id("a/client-secret").secret_string("text").send().await.unwrap();
    assert_eq!(value().await.unwrap().secret_string.unwrap(), "text");
}
