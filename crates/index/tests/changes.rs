//! Any sequence of changes ends as an index that is built from what is left; `fuzz/` looks for sequences that do not.

#[path = "changes/machine.rs"]
mod machine;

/// Sequences of the normal run; `CHANGES_CASES` asks for more.
const CASES: u64 = 600;

#[test]
fn any_sequence_of_changes_ends_as_if_built_anew() {
    let cases = std::env::var("CHANGES_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    for case in 0..cases {
        let mut state = case;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        let length = usize::from(next()) * 12;
        let bytes: Vec<u8> = (0..length).map(|_| next()).collect();
        machine::play(&bytes);
    }
}
