/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.optimizer.Sgd;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;

import io.djlosses.Losses;
import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.Networks;
import io.djlosses.examples.support.Samples;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.TextTable;
import io.djlosses.examples.support.Training;
import io.djlosses.optimizer.ParameterGroups;
import io.djlosses.regularization.L2Regularization;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** L2 by a term of the loss and by decay in the optimizer: one and the same step of SGD. */
@Command(
        name = "weight-decay",
        description = "L2 by the optimizer instead of the loss, on weights but not on biases.")
final class WeightDecay extends ExampleCommand {

    @Option(
            names = "--lambda",
            paramLabel = "WEIGHT",
            defaultValue = "1e-2",
            description = "The strength of L2.")
    private float lambda;

    @Mixin private SeedOption seed;

    @Override
    public void run() {
        Loss loss = Losses.crossEntropyLoss();

        SequentialBlock byLoss = network();
        Loss penalty =
                L2Regularization.builder()
                        .setBlock(byLoss)
                        .optLambda(lambda)
                        .optConvention(L2Regularization.Convention.HALF_SQUARED)
                        .build();
        double[] term = train(byLoss, Losses.sum(loss, penalty), sgd().build());

        SequentialBlock byGroups = network();
        Optimizer groups =
                ParameterGroups.builder()
                        .setBlock(byGroups)
                        .addGroup(Parameter.Type.BIAS, sgd().build())
                        .setDefault(sgd().optWeightDecays(lambda).build())
                        .build();
        double[] decay = train(byGroups, loss, groups);

        double[] everything = train(network(), loss, sgd().optWeightDecays(lambda).build());
        double[] nothing = train(network(), loss, sgd().build());

        print("An epoch of SGD on the digits, rate 0.01, momentum 0.9, L2 of %s", lambda);
        TextTable table =
                new TextTable("L2", "norm of all parameters", "largest difference to row 1");
        add(table, "a term of the loss, weights only", term, term);
        add(table, "decay of weights, not of biases", decay, term);
        add(table, "decay of weights and biases", everything, term);
        add(table, "none", nothing, term);
        print("%s", table);
    }

    private static void add(TextTable table, String name, double[] result, double[] reference) {
        double squares = 0;
        double difference = 0;
        for (int i = 0; i < result.length; i++) {
            squares += result[i] * result[i];
            difference = Math.max(difference, Math.abs(result[i] - reference[i]));
        }
        table.add(
                name,
                String.format(Locale.ROOT, "%.4f", Math.sqrt(squares)),
                String.format(Locale.ROOT, "%.6f", difference));
    }

    private SequentialBlock network() {
        return Networks.dense(seed.random(0), 32, 10);
    }

    private static Sgd.Builder sgd() {
        return Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.01f)).optMomentum(0.9f);
    }

    /** Trains for an epoch and returns all parameters. */
    private double[] train(SequentialBlock network, Loss loss, Optimizer optimizer) {
        Samples digits = Samples.digits();
        Batches data =
                new Batches(
                        List.of(Column.of(digits.features())),
                        List.of(Column.ofClasses(digits.labels())),
                        32,
                        seed.random(1));
        try (Model model = Model.newInstance("digits", engine().getEngineName())) {
            model.setBlock(network);
            Training.fit(
                    model, new DefaultTrainingConfig(loss).optOptimizer(optimizer), 1, data, null);
            List<Double> all = new ArrayList<>();
            for (Pair<String, Parameter> entry : network.getParameters()) {
                for (float value : entry.getValue().getArray().toFloatArray()) {
                    all.add((double) value);
                }
            }
            return all.stream().mapToDouble(Double::doubleValue).toArray();
        }
    }
}
