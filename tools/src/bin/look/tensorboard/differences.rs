//! What was written against what is read.

use std::collections::BTreeSet;

use serde_json::Value;

/// In words what is not the same: kinds, their tags, steps and values.
pub(crate) fn differences(written: &Value, read: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for kind in names(&[written, read]) {
        for tag in names(&[&written[&kind], &read[&kind]]) {
            let [written, read] = [written, read].map(|all| all[&kind][&tag].as_array().map_or(&[][..], Vec::as_slice));
            if written.len() != read.len() {
                let (many, wanted) = (read.len(), written.len());
                found.push(format!("{kind}: {tag} has {many} values where {wanted} were written"));
            }
            if let Some((wanted, got)) = written.iter().zip(read).find(|(wanted, got)| wanted != got) {
                found.push(format!("{kind}: {tag} reads {}, and written was {}", brief(got), brief(wanted)));
            }
        }
    }
    found
}

/// All tags.
pub(crate) fn tags(told: &Value) -> Vec<String> {
    names(&[told]).iter().flat_map(|kind| names(&[&told[kind]])).collect()
}

/// The names of the members of objects, each once.
fn names(objects: &[&Value]) -> BTreeSet<String> {
    objects.iter().filter_map(|object| object.as_object()).flat_map(|members| members.keys().cloned()).collect()
}

/// The beginning of a value that may be long.
fn brief(value: &Value) -> String {
    const MOST: usize = 200;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_too_much_or_other_is_told() {
        let written = json!({ "scalars": { "a": [[1, 0.5], [2, 0.25]], "b": [[1, 1.0]] }, "images": { "c": [] } });
        assert_eq!(differences(&written, &written), [""; 0]);
        assert_eq!(tags(&written), ["c", "a", "b"]);
        let mut read = written.clone();
        read["scalars"]["a"] = json!([[1, 0.5], [3, 0.25]]);
        read["scalars"]["b"] = json!([]);
        read["histograms"] = json!({ "d": [[1, {}]] });
        let expected = [
            "histograms: d has 1 values where 0 were written",
            "scalars: a reads [3,0.25], and written was [2,0.25]",
            "scalars: b has 0 values where 1 were written",
        ];
        assert_eq!(differences(&written, &read), expected);
    }
}
