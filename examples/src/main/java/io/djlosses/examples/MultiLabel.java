/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.StepLog;
import io.djlosses.examples.support.Training;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.List;
import java.util.Random;

/** Two labels for each sample: the average of the error against both. */
@Command(
        name = "multi-label",
        description = "Two labels a sample, averaged by hand and by MultiLabelLoss.")
final class MultiLabel extends ExampleCommand {

    @Mixin private SeedOption seed;

    @Override
    public void run() {
        fit(new ByHand());
        fit(Losses.multiLabelLoss(Losses.l1Loss(), 2));
    }

    private void fit(Loss loss) {
        print("%s", loss.getName());
        Random random = seed.random(0);
        int samples = LinearRegression.SAMPLES;
        double[][] x = new double[samples][1];
        double[][] y1 = new double[samples][1];
        double[][] y2 = new double[samples][1];
        for (int i = 0; i < samples; i++) {
            x[i][0] = -10 + 20 * random.nextDouble();
            y1[i][0] = 2 * x[i][0] + 3 + random.nextGaussian();
            y2[i][0] = 2 * x[i][0] + 3 + random.nextGaussian() - 1;
        }
        Batches data =
                new Batches(
                        List.of(Column.of(x)),
                        List.of(Column.of(y1), Column.of(y2)),
                        LinearRegression.BATCH,
                        null);
        StepLog log =
                new StepLog(
                        data.count(), LinearRegression.LEARNING_RATE, text -> print("%s", text));
        try (Model model = Model.newInstance("line", engine().getEngineName())) {
            model.setBlock(LinearRegression.line(seed.random(1)));
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(loss)
                            .optOptimizer(LinearRegression.momentum())
                            .addTrainingListeners(new EvaluatorTrainingListener(), log);
            Training.fit(model, config, 1, data, null);
        }
        print("");
    }

    /** The average over both labels, put together by the user. */
    private static final class ByHand extends Loss {

        private final Loss mae = MaeLoss.builder().build();

        ByHand() {
            super("ByHand");
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            NDArray first = mae.evaluate(new NDList(labels.get(0)), predictions);
            NDArray second = mae.evaluate(new NDList(labels.get(1)), predictions);
            return first.add(second).mul(0.5f);
        }
    }
}
