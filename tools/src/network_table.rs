//! A network as a table.

use layers::Real;
use model::Network;

use crate::text::{grouped, shape};

/// The layers of a network: name, output of one image, parameters. One line each, under a head line.
pub fn network_table<F: Real>(network: &Network<F>) -> Vec<String> {
    let row = |name: &str, output: &str, parameters: &str| format!("  {name:<10} {output:<12} {parameters:>10}");
    let mut lines = vec![row("layer", "output", "parameters"), row("input", &shape(network.input_shape()), "")];
    let layers = network.layers();
    for ((name, output), layer) in layers.names().iter().zip(layers.shapes()).zip(layers.layers()) {
        let mut learned = 0;
        layer.visit_params(&mut |param| learned += if param.learned { param.value.len() } else { 0 });
        let learned = if learned == 0 { String::new() } else { grouped(learned) };
        lines.push(row(name, &shape(output), &learned));
    }
    lines.push(row("all", "", &grouped(network.learned_len())));
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_network() {
        let network = model::SimpleConvNet::default().build::<f32>(0).unwrap();
        let table = network_table(&network).join("\n");
        let expected = "  layer      output       parameters
  input      1×28×28
  Conv1      30×24×24            780
  Relu1      30×24×24
  Pool1      30×12×12
  Affine1    100             432,100
  Relu2      100
  Affine2    10                1,010
  all                        433,890";
        assert_eq!(table, expected);
    }
}
