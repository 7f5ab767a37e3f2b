//! A network as a table.

use model::Summary;

use crate::text::{columns, grouped, shape};

/// The layers of a network: name, output of one image, parameters, operations for an image. One line each, under a head
/// line; it fits into `width` characters where names and numbers allow it.
pub fn network_table(summary: &Summary, width: usize) -> Vec<String> {
    let mut rows = vec![["layer", "output", "parameters", "operations"].map(str::to_owned)];
    rows.push(["input".to_owned(), shape(&summary.input), String::new(), String::new()]);
    for layer in &summary.layers {
        let numbers = [layer.parameters, layer.operations.inference].map(count);
        let [parameters, operations] = numbers;
        rows.push([layer.name.clone(), shape(&layer.output), parameters, operations]);
    }
    let [parameters, operations] = [summary.parameters(), summary.operations().inference].map(count);
    rows.push(["all".to_owned(), String::new(), parameters, operations]);

    columns(&rows, &[false, false, true, true], width)
}

/// A count, or nothing for 0.
fn count(number: usize) -> String {
    if number == 0 { String::new() } else { grouped(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_network() {
        let network = model::SimpleConvNet::default().build::<f32>(0).unwrap();
        let table = network_table(&network.summary(), 80).join("\n");
        let expected = "  layer    output    parameters  operations
  input    1×28×28
  Conv1    30×24×24         780     864,000
  Relu1    30×24×24
  Pool1    30×12×12
  Affine1  100          432,100     864,000
  Relu2    100
  Affine2  10             1,010       2,000
  all                   433,890   1,730,000";
        assert_eq!(table, expected);
        let narrow = network_table(&network.summary(), 40);
        assert!(narrow.iter().all(|line| line.chars().count() <= 40), "{narrow:#?}");
        assert_eq!(narrow[2], "Conv1   30×24×24        780    864,000");
    }
}
