//! The inputs that are kept, without a fuzzer.

#[cfg(test)]
mod kept {
    use std::{fs, path::Path};

    use fuzz::TARGETS;

    /// Every file of the target's corpus, by its name.
    fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let paths = files.map(|file| file.unwrap().path());
        paths.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
    }

    #[test]
    fn every_kept_input_is_borne() {
        for (target, hold) in TARGETS {
            let inputs = kept(target);
            assert!(!inputs.is_empty(), "{target} has no inputs");
            for (name, input) in inputs {
                eprintln!("{name}");
                hold(&input);
            }
        }
    }

    #[test]
    fn every_target_is_one_that_the_fuzzer_runs() {
        let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
        let mut names: Vec<_> =
            manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")).collect();
        names.sort_unstable();
        assert_eq!(names, TARGETS.map(|(name, _)| format!("{name}.rs\"")));
    }
}
