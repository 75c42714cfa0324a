/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
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
import io.djlosses.nd.Nd;
import io.djlosses.regularization.L2Regularization;

import org.jspecify.annotations.Nullable;
import org.knowm.xchart.XYChart;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Few positive and many negative points on two rings: focal loss and both penalties. */
@Command(name = "circles", description = "Few against many points: focal loss + L1 + L2.")
final class Circles extends ExampleCommand {

    private static final int POSITIVE = 200;
    private static final int NEGATIVE = 6000;
    private static final int BATCH = 100;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "30",
            description = "How often every sample is seen.")
    private int epochs;

    @Mixin private SeedOption seed;
    @Mixin private OutOption out;

    @Override
    public void run() {
        Path picture = out.file("circles.png");
        Samples points = points(seed.random(0));
        int learned = points.size() * 7 / 10;

        SequentialBlock network = Networks.dense(seed.random(1), 4, 8, 1);
        network.add(list -> new NDList(Nd.sigmoid(list.singletonOrThrow())));
        Loss l2 =
                L2Regularization.builder()
                        .setBlock(network)
                        .optLambda(0.001)
                        .optConvention(L2Regularization.Convention.HALF_SQUARED)
                        .build();
        Loss objective =
                Losses.sum(Losses.focalLoss(), Losses.l1Regularization(network, 0.001), l2);

        try (Model model = Model.newInstance("circles", engine().getEngineName())) {
            model.setBlock(network);
            EpochLog log =
                    Training.fit(
                            model,
                            objective,
                            new ClassAccuracy(label -> label, Circles::classes),
                            Training.adam(0.01f),
                            epochs,
                            batches(points.range(0, learned), seed.random(2)),
                            batches(points.range(learned, points.size()), null));
            print("%s", log.table());
            Plots.save(
                    picture,
                    scatter("Labels", points, points.labels()),
                    scatter("Predictions", points, predict(model, points)));
            print("Both scatter plots in %s", picture);
        }
    }

    private static NDArray classes(NDArray probabilities) {
        return probabilities.gt(0.5f).squeeze(1);
    }

    private static Samples points(Random random) {
        double[][] points = new double[POSITIVE + NEGATIVE][];
        int[] labels = new int[points.length];
        for (int i = 0; i < points.length; i++) {
            labels[i] = i < POSITIVE ? 1 : 0;
            double radius = (labels[i] == 1 ? 5 : 8) + random.nextGaussian();
            double angle = 2 * Math.PI * random.nextDouble();
            points[i] = new double[] {radius * Math.cos(angle), radius * Math.sin(angle)};
        }
        return new Samples(points, labels, List.of("negative", "positive")).shuffled(random);
    }

    private static Batches batches(Samples points, @Nullable Random order) {
        return new Batches(
                List.of(Column.of(points.features())),
                List.of(Column.ofClasses(points.labels())),
                BATCH,
                order);
    }

    private static int[] predict(Model model, Samples points) {
        Column inputs = Column.of(points.features());
        return Arrays.stream(Networks.forward(model, model.getBlock(), inputs))
                .mapToInt(probability -> probability[0] > 0.5 ? 1 : 0)
                .toArray();
    }

    private static XYChart scatter(String title, Samples points, int[] classes) {
        XYChart chart = Plots.chart(title, "x", "y", 600, 600);
        for (int c = 0; c < 2; c++) {
            List<double[]> chosen = new ArrayList<>();
            for (int i = 0; i < classes.length; i++) {
                if (classes[i] == c) {
                    chosen.add(points.features()[i]);
                }
            }
            Plots.dots(chart, points.classes().get(c), chosen);
        }
        return chart;
    }
}
