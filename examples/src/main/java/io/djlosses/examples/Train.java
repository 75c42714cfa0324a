/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Reduction;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Recipe;
import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.ClassAccuracy;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.EpochLog;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.Networks;
import io.djlosses.examples.support.OutOption;
import io.djlosses.examples.support.Plots;
import io.djlosses.examples.support.Samples;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.Training;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** Trains a small network on real data with a loss of the catalog. */
@Command(name = "train", description = "Trains on real data with any loss that can learn classes.")
final class Train extends ExampleCommand {

    /** One sample in so many is held out. */
    private static final int HELD_OUT = 5;

    @Option(
            names = "--data",
            paramLabel = "NAME",
            defaultValue = "digits",
            description = "digits or breast-cancer.")
    private String data;

    @Option(
            names = "--loss",
            paramLabel = "CLASS",
            defaultValue = "CrossEntropyLoss",
            description = "The class of the loss.")
    private String loss;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "20",
            description = "How often every sample is seen.")
    private int epochs;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description = "How many samples make a step.")
    private int batch;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            defaultValue = "0.003",
            description = "The learning rate of Adam.")
    private float learningRate;

    @Option(
            names = "--l2",
            paramLabel = "WEIGHT",
            defaultValue = "1e-4",
            description = "The weight of L2 regularization, 0 for none.")
    private double l2;

    @Mixin private SeedOption seed;
    @Mixin private OutOption out;

    @Override
    public void run() {
        require(epochs > 0, "--epochs must be positive, but was %d", epochs);
        require(batch > 0, "--batch must be positive, but was %d", batch);
        require(learningRate > 0, "--lr must be positive, but was %s", learningRate);
        require(l2 >= 0, "--l2 must not be negative, but was %s", l2);
        Declaration declared = declared();
        Recipe recipe = declared.kind().recipe().orElseThrow();
        Samples samples = samples().shuffled(seed.random(0));
        int held = samples.size() / HELD_OUT;
        Samples validation = samples.range(0, held);
        Samples training = samples.range(held, samples.size());
        int classes = samples.classes().size();

        SequentialBlock network = Networks.dense(seed.random(1), 64, classes);
        recipe.finish(network);
        // One number, also from a loss that returns a value for each sample by default.
        Loss objective = declared.build(Reduction.MEAN);
        String what = loss;
        if (l2 > 0) {
            objective = Losses.sum(objective, Losses.l2Regularization(network, l2));
            what += " + " + BigDecimal.valueOf(l2).stripTrailingZeros().toPlainString() + " L2";
        }
        what += " on " + data;
        Path picture = out.file(String.format("train-%s-%s.png", data, loss));
        print(
                "%s with %s: %d training and %d validation samples of %d features, %d classes",
                what,
                engine().getEngineName(),
                training.size(),
                validation.size(),
                samples.features()[0].length,
                classes);
        try (Model model = Model.newInstance("train", engine().getEngineName())) {
            model.setBlock(network);
            EpochLog log =
                    Training.fit(
                            model,
                            objective,
                            new ClassAccuracy(recipe::classes, scores -> scores.argMax(1)),
                            Training.adam(learningRate),
                            epochs,
                            batches(training, recipe, seed.random(2)),
                            batches(validation, recipe, null));
            Plots.save(picture, log.chart(what));
            print("%s", log.table());
            print(
                    "Validation accuracy %.2f %%; loss curves in %s",
                    100 * log.last().validationAccuracy(), picture);
        }
    }

    private Declaration declared() {
        return Declarations.named(loss)
                .filter(declaration -> declaration.kind().recipe().isPresent())
                .orElseThrow(
                        () ->
                                error(
                                        "--loss %s does not fit classes; those that do: %s",
                                        loss,
                                        Declarations.withRecipe().stream()
                                                .map(Declaration::name)
                                                .collect(Collectors.joining(", "))));
    }

    private Samples samples() {
        return switch (data) {
            case "digits" -> Samples.digits();
            case "breast-cancer" -> Samples.breastCancer();
            default -> throw error("--data must be digits or breast-cancer, but was %s", data);
        };
    }

    private Batches batches(Samples samples, Recipe recipe, @Nullable Random order) {
        return new Batches(
                List.of(Column.of(samples.features())),
                List.of(recipe.labels(samples)),
                batch,
                order);
    }

    private void require(boolean condition, String format, Object... arguments) {
        if (!condition) {
            throw error(format, arguments);
        }
    }
}
