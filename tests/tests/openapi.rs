//! `infra/openapi.yaml` says what there is: the functions, the local gateway, cargo lambda's router and both deployments
//! have its routes, its examples are examples, and its parameters are those that are read.

#[cfg(test)]
mod openapi {
    use std::path::{Path, PathBuf};

    use tests::{deployments::Routes, description::Description};

    mod deployments;
    mod examples;
    mod functions;
    mod parameters;
    mod problems;
    mod routers;

    fn documented() -> Routes {
        let operations = Description::get().operations().iter();
        operations.map(|it| (it.route.clone(), it.function.clone(), it.is_signed)).collect()
    }

    /// The root of the workspace.
    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }
}
