/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Reduction;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.GHMCLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.Networks;
import io.djlosses.examples.support.OutOption;
import io.djlosses.examples.support.Plots;
import io.djlosses.examples.support.PrecisionRecall;
import io.djlosses.examples.support.Samples;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.TextTable;
import io.djlosses.examples.support.Training;

import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler.LegendPosition;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A rare class against all others, by four losses, judged by average precision. */
@Command(
        name = "imbalance",
        description = "A rare class by BCE, weighted BCE, focal and GHM: average precision.")
final class Imbalance extends ExampleCommand {

    @Option(
            names = "--digit",
            paramLabel = "N",
            defaultValue = "8",
            description = "The digit to tell from the others.")
    private int digit;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "15",
            description = "How often every sample is seen.")
    private int epochs;

    @Mixin private SeedOption seed;
    @Mixin private OutOption out;

    @Override
    public void run() {
        if (digit < 0 || digit > 9) {
            throw error("--digit must be 0 to 9, but was %d", digit);
        }
        Path picture = out.file("imbalance.png");
        TextTable table = new TextTable("loss", "digit " + digit, "malignant");
        Samples digits = Samples.digits();
        Samples tumors = Samples.breastCancer();
        XYChart left = chart("Digit " + digit + " against the others");
        XYChart right = chart("Malignant tumors");
        for (Kind kind : Kind.values()) {
            PrecisionRecall ofDigits = judge(kind, digits, digit);
            PrecisionRecall ofTumors = judge(kind, tumors, 0);
            table.add(kind.title, percent(ofDigits), percent(ofTumors));
            ofDigits.draw(left, kind.title);
            ofTumors.draw(right, kind.title);
        }
        Plots.save(picture, left, right);
        print("Average precision on held-out samples, of a linear model");
        print("%s", table);
        print("Precision by recall: %s", picture);
    }

    private static String percent(PrecisionRecall curve) {
        return String.format(Locale.ROOT, "%.4f", curve.averagePrecision());
    }

    private static XYChart chart(String title) {
        XYChart chart = Plots.chart(title, "recall", "precision", 600, 480);
        chart.getStyler().setLegendPosition(LegendPosition.InsideSW);
        chart.getStyler().setYAxisMin(0.0).setYAxisMax(1.0);
        return chart;
    }

    /** Trains a linear model on half of the samples, and judges it by the other half. */
    private PrecisionRecall judge(Kind kind, Samples all, int positive) {
        Samples samples = all.shuffled(seed.random(0));
        int half = samples.size() / 2;
        Samples training = samples.range(0, half);
        Samples heldOut = samples.range(half, samples.size());
        double[][] labels = labels(training, positive);
        double positives = Arrays.stream(labels).mapToDouble(row -> row[0]).sum();

        SequentialBlock network = Networks.dense(seed.random(1), 1);
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(kind.loss((half - positives) / positives))
                        .optOptimizer(Training.adam(0.01f));
        Batches batches =
                new Batches(
                        List.of(Column.of(training.features())),
                        List.of(Column.of(labels)),
                        32,
                        seed.random(2));
        try (Model model = Model.newInstance("linear", engine().getEngineName())) {
            model.setBlock(network);
            Training.fit(model, config, epochs, batches, null);
            double[][] scores = Networks.forward(model, network, Column.of(heldOut.features()));
            return PrecisionRecall.of(scores, labels(heldOut, positive));
        }
    }

    private static double[][] labels(Samples samples, int positive) {
        return Arrays.stream(samples.labels())
                .mapToObj(label -> new double[] {label == positive ? 1 : 0})
                .toArray(double[][]::new);
    }

    /** The losses that are compared. */
    private enum Kind {
        BCE("BCE"),
        WEIGHTED("weighted BCE"),
        FOCAL("focal"),
        GHM("GHM");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        /** Makes the loss, given the number of negative samples for each positive one. */
        Loss loss(double ratio) {
            return switch (this) {
                case BCE -> Losses.bceWithLogitsLoss();
                case WEIGHTED -> BCEWithLogitsLoss.builder().optPosWeight(ratio).build();
                case FOCAL ->
                        SigmoidFocalLoss.builder()
                                .optAlpha(0.75)
                                .optReduction(Reduction.MEAN)
                                .build();
                case GHM -> GHMCLoss.builder().optMomentum(0.75).build();
            };
        }
    }
}
