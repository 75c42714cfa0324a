/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Reduction;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.regression.L1Loss;

import picocli.CommandLine.Command;

import java.util.Arrays;

/** A loss with each reduction, and a user's own beside it. */
@Command(
        name = "built-in",
        description = "L1 loss as mean, sum and unreduced; a user-written mean absolute error.")
final class BuiltIn extends ExampleCommand {

    @Override
    public void run() {
        try (NDManager manager = engine().newBaseManager()) {
            NDList predictions = new NDList(manager.create(new float[][] {{1, 2, 3}, {2, 3, 4}}));
            NDList labels = new NDList(manager.create(new float[][] {{0, 2, 5}, {3, 1, 1}}));

            Loss mean = Losses.l1Loss();
            Loss sum = L1Loss.builder().optReduction(Reduction.SUM).build();
            Loss none = L1Loss.builder().optReduction(Reduction.NONE).build();

            print("L1Loss of predictions [[1, 2, 3], [2, 3, 4]], labels [[0, 2, 5], [3, 1, 1]]");
            print("  mean  %s", mean.evaluate(labels, predictions).getFloat());
            print("  sum   %s", sum.evaluate(labels, predictions).getFloat());
            NDArray values = none.evaluate(labels, predictions);
            print(
                    "  none  [%s, %s]",
                    Arrays.toString(values.get(0).toFloatArray()),
                    Arrays.toString(values.get(1).toFloatArray()));

            predictions = new NDList(manager.create(new float[] {0.1f, 0.2f, 0.3f}));
            labels = new NDList(manager.create(new float[] {0.1f, 0.2f, 0.2f}));
            print("Mean absolute error of predictions [0.1, 0.2, 0.3], labels [0.1, 0.2, 0.2]");
            for (Loss mae : new Loss[] {new PlainMaeLoss(), MaeLoss.builder().build()}) {
                print("  %-12s  %.6f", mae.getName(), mae.evaluate(labels, predictions).getFloat());
            }
        }
    }
}
