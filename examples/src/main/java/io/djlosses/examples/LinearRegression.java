/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;

import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.Networks;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.StepLog;
import io.djlosses.examples.support.Training;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.List;
import java.util.Random;

/** Fits a line with a loss of the user's own, written in both styles. */
@Command(
        name = "linear-regression",
        description = "Fits y = 2x + 3 with a user-written loss, in both styles, step by step.")
final class LinearRegression extends ExampleCommand {

    static final int SAMPLES = 160;
    static final int BATCH = 16;
    static final float LEARNING_RATE = 0.005f;

    @Mixin private SeedOption seed;

    @Override
    public void run() {
        for (Loss loss : List.of(new PlainMaeLoss(), MaeLoss.builder().build())) {
            print("%s", loss.getName());
            Random random = seed.random(0);
            double[][] x = new double[SAMPLES][1];
            double[][] y = new double[SAMPLES][1];
            for (int i = 0; i < SAMPLES; i++) {
                x[i][0] = -10 + 20 * random.nextDouble();
                y[i][0] = 2 * x[i][0] + 3 + random.nextGaussian();
            }
            fit(loss, new Batches(List.of(Column.of(x)), List.of(Column.of(y)), BATCH, null));
        }
    }

    private void fit(Loss loss, Batches data) {
        Linear line = line(seed.random(1));
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(loss)
                        .optOptimizer(momentum())
                        .addTrainingListeners(
                                new EvaluatorTrainingListener(),
                                new StepLog(
                                        data.count(), LEARNING_RATE, text -> print("%s", text)));
        try (Model model = Model.newInstance("line", engine().getEngineName())) {
            model.setBlock(line);
            Training.fit(model, config, 1, data, null);
            NDArray slope = line.getParameters().valueAt(0).getArray();
            NDArray shift = line.getParameters().valueAt(1).getArray();
            print("y = %.3f x + %.3f%n", slope.toFloatArray()[0], shift.toFloatArray()[0]);
        }
    }

    /** A layer of one input and one output, all from N(0, 0.02). */
    static Linear line(Random random) {
        Linear line = Linear.builder().setUnits(1).build();
        line.setInitializer(Networks.normal(random, 0.02), Parameter.Type.WEIGHT);
        line.setInitializer(Networks.normal(random, 0.02), Parameter.Type.BIAS);
        return line;
    }

    static Optimizer momentum() {
        return Optimizer.sgd()
                .setLearningRateTracker(Tracker.fixed(LEARNING_RATE))
                .optMomentum(0.9f)
                .build();
    }
}
