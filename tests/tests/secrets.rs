//! Where secrets may be, and that they are nowhere else.
//!
//! A deployment of all functions' real binaries is used, well and badly, while everything that it prints, answers, stores,
//! tells and sends is kept. Then every secret that came into being is looked for in all of it, in every encoding.

#[cfg(test)]
mod secrets {
    use self::deployment::Deployment;

    mod deployment;
    mod memory;
    mod places;
    mod planted;
    mod tours;
    mod types;

    /// Asserts that no secret is where it may not be.
    async fn assert_clean(deployment: &mut Deployment) {
        let found = places::found(deployment).await;
        let secrets = deployment.secrets();
        let leaks = places::leaks(&found, &secrets);
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    }
}
