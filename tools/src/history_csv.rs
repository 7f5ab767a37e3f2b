//! The history of a training for a spreadsheet.

use std::fmt::Write;

use model::History;

/// One line an epoch: its number, mean loss, accuracies (0 to 1), seconds; under a head line.
pub fn history_csv(history: &History) -> String {
    let mut csv = String::from("epoch,mean_loss,train_accuracy,test_accuracy,seconds\n");
    let History { epoch_loss_list, train_acc_list, test_acc_list, epoch_seconds_list, .. } = history;
    for (i, loss) in epoch_loss_list.iter().enumerate() {
        let (train, test, seconds) = (train_acc_list[i], test_acc_list[i], epoch_seconds_list[i]);
        writeln!(csv, "{},{loss},{train},{test},{seconds:.3}", i + 1).expect("writing to a String cannot fail");
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_an_epoch() {
        let history = History {
            epoch_loss_list: vec![0.5, 0.25],
            train_acc_list: vec![0.875, 1.0],
            test_acc_list: vec![0.75, 0.9],
            epoch_seconds_list: vec![1.5, 0.0004],
            ..History::default()
        };
        let expected =
            "epoch,mean_loss,train_accuracy,test_accuracy,seconds\n1,0.5,0.875,0.75,1.500\n2,0.25,1,0.9,0.000\n";
        assert_eq!(history_csv(&history), expected);
    }
}
