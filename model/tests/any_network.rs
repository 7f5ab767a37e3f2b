//! Networks of any settings: built, or refused with the arithmetic; never a panic, never gigabytes.

use std::ops::ControlFlow;

use datasets::Dataset;
use layers::{Init, Rounding};
use model::{ConvParam, Event, LayerSpec, Network, NetworkSpec, SimpleConvNet, Trainer, TrainerConfig, evaluate};
use proptest::prelude::*;

/// A size that makes sense, that is zero, or that no machine has.
fn size(most: usize) -> impl Strategy<Value = usize> {
    let absurd = prop_oneof![Just(usize::MAX), Just(usize::MAX / 2), Just(usize::MAX / 2 + 1), Just(1 << 62)];
    prop_oneof![20 => 1..=most, 1 => Just(0), 1 => absurd]
}

fn settings() -> impl Strategy<Value = SimpleConvNet> {
    let pad = prop_oneof![20 => 0_usize..3, 1 => size(3)];
    let numbers = ((size(3), size(12), size(12)), size(6), size(6), pad, size(3), size(12), size(10));
    (numbers, any::<bool>()).prop_map(|((input, filters, filter_size, pad, stride, hidden, classes), down)| {
        SimpleConvNet {
            input_dim: [input.0, input.1, input.2],
            conv_param: ConvParam { filter_num: filters, filter_size, pad, stride },
            hidden_size: hidden,
            output_size: classes,
            rounding: if down { Rounding::Down } else { Rounding::Exact },
            ..SimpleConvNet::default()
        }
    })
}

/// Images of this network's size, one of each class that fits.
fn images(network: &Network, count: usize) -> Dataset {
    let &[c, h, w] = network.input_shape() else { panic!("images") };
    let pixels = (0..count * c * h * w).map(|i| (i * 37 % 251) as u8).collect();
    let labels = (0..count).map(|i| (i % network.classes()) as u8).collect();
    Dataset::new(pixels, labels, [c, h, w], network.classes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn settings_are_refused_or_make_a_network_that_trains(net in settings(), batch_size in 1_usize..9, count in 1_usize..14) {
        match net.build::<f32>(0) {
            Err(error) => {
                let message = error.to_string();
                prop_assert!(message.len() > 10 && message.len() < 400 && !message.contains('\n'), "{}", message);
            }
            Ok(mut network) => {
                let data = images(&network, count);
                let config = TrainerConfig { epochs: 1, batch_size, ..TrainerConfig::default() };
                let mut trainer = Trainer::new(config).unwrap();
                let go_on = &mut |_: &Event| ControlFlow::Continue(());
                let history = trainer.train(&mut network, &data, &data, go_on).unwrap();
                prop_assert_eq!(history.train_loss_list.len(), count.div_ceil(batch_size));
                prop_assert_eq!(evaluate(&network, &data).unwrap().total, count);
                // What is written is read, to the bit.
                let bytes = network.to_bytes();
                prop_assert_eq!(Network::<f32>::from_bytes(&bytes).unwrap().to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn inputs_of_nothing_are_refused(input in prop::collection::vec(size(4), 0..5), outputs in size(5)) {
        let affine = LayerSpec::Affine { outputs, init: Init::default() };
        let empty = input.contains(&0) || outputs == 0;
        let built = Network::<f32>::build(NetworkSpec { input, layers: vec![affine] }, 0);
        prop_assert!(!(empty && built.is_ok()));
    }
}
