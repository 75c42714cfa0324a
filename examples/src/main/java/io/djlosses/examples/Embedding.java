/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.embedding.CosineEmbeddingLoss;
import io.djlosses.embedding.PairwiseDistance;
import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.Networks;
import io.djlosses.examples.support.OutOption;
import io.djlosses.examples.support.Plots;
import io.djlosses.examples.support.Projection;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/** Digits as points, equal ones near each other: by triplets, and by pairs in two ways. */
@Command(
        name = "embedding",
        description = "Embeds digits by triplet, cosine and hinge-embedding losses; recall@1.")
final class Embedding extends ExampleCommand {

    private static final int PIXELS = 64;
    private static final int DIMENSIONS = 16;
    private static final int GROUPS = 20_000;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "6",
            description = "How often the 20,000 pairs or triplets are seen.")
    private int epochs;

    @Mixin private SeedOption seed;
    @Mixin private OutOption out;

    @Override
    public void run() {
        Path picture = out.file("embedding.png");
        Samples digits = Samples.digits().shuffled(seed.random(0));
        int learned = digits.size() * 4 / 5;
        Samples training = digits.range(0, learned);
        Samples heldOut = digits.range(learned, digits.size());

        TextTable table = new TextTable("loss", "recall@1");
        add(table, "none: pixels", heldOut.features(), heldOut);
        List<XYChart> charts = new ArrayList<>();
        for (Task task : Task.values()) {
            double[][] points = embed(task, training, heldOut);
            add(table, task.loss.getName(), points, heldOut);
            charts.add(chart(task.loss.getName(), Projection.toPlane(points), heldOut));
        }
        Plots.save(picture, charts.toArray(XYChart[]::new));
        print("%d held-out digits as points in %d dimensions", heldOut.size(), DIMENSIONS);
        print("%s", table);
        print("The plane of their first two principal components: %s", picture);
    }

    /** Trains a network on groups of digits, and returns the points of the held-out ones. */
    private double[][] embed(Task task, Samples training, Samples heldOut) {
        SequentialBlock embedding = Networks.dense(seed.random(1), 64, DIMENSIONS);
        SequentialBlock network = new SequentialBlock().add(embedding).add(task::predictions);
        try (Model model = Model.newInstance("digits", engine().getEngineName())) {
            model.setBlock(network);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(task.loss).optOptimizer(Training.adam(0.002f));
            Training.fit(model, config, epochs, groups(task, training), null);
            double[][] points = Networks.forward(model, embedding, Column.of(heldOut.features()));
            return task == Task.COSINE ? onSphere(points) : points;
        }
    }

    /** Draws an anchor, an equal or other digit, and for triplets another digit. */
    private Batches groups(Task task, Samples digits) {
        Random random = seed.random(2);
        double[][] groups = new double[GROUPS][];
        double[][] signs = new double[GROUPS][];
        for (int i = 0; i < GROUPS; i++) {
            int anchor = random.nextInt(digits.size());
            boolean equal = task.members == 3 || i % 2 == 0;
            double[] group = Arrays.copyOf(digits.features()[anchor], task.members * PIXELS);
            append(group, 1, draw(digits, anchor, equal, random));
            if (task.members == 3) {
                append(group, 2, draw(digits, anchor, false, random));
            }
            groups[i] = group;
            signs[i] = new double[] {equal ? 1 : -1};
        }
        Column data = new Column(groups, new Shape(task.members, PIXELS));
        Column labels = new Column(signs, new Shape());
        return new Batches(List.of(data), List.of(labels), 64, random);
    }

    private static void append(double[] group, int member, double[] pixels) {
        System.arraycopy(pixels, 0, group, member * PIXELS, PIXELS);
    }

    private static double[] draw(Samples digits, int anchor, boolean equal, Random random) {
        int other = anchor;
        while (other == anchor || (digits.labels()[other] == digits.labels()[anchor]) != equal) {
            other = random.nextInt(digits.size());
        }
        return digits.features()[other];
    }

    private static double[][] onSphere(double[][] points) {
        return Arrays.stream(points)
                .map(
                        point -> {
                            double norm = Math.sqrt(distance(point, new double[point.length]));
                            return Arrays.stream(point).map(value -> value / norm).toArray();
                        })
                .toArray(double[][]::new);
    }

    private static void add(TextTable table, String name, double[][] points, Samples samples) {
        table.add(name, String.format(Locale.ROOT, "%.4f", recall(points, samples.labels())));
    }

    /** Returns the share of points whose nearest neighbor is the same digit. */
    private static double recall(double[][] points, int[] labels) {
        return IntStream.range(0, points.length)
                .map(i -> labels[nearest(points, i)] == labels[i] ? 1 : 0)
                .average()
                .orElseThrow();
    }

    private static int nearest(double[][] points, int i) {
        int nearest = -1;
        double least = Double.POSITIVE_INFINITY;
        for (int j = 0; j < points.length; j++) {
            double distance = distance(points[i], points[j]);
            if (j != i && distance < least) {
                nearest = j;
                least = distance;
            }
        }
        return nearest;
    }

    private static double distance(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> (a[i] - b[i]) * (a[i] - b[i])).sum();
    }

    private static XYChart chart(String title, double[][] points, Samples samples) {
        XYChart chart = Plots.chart(title, "first component", "second component", 560, 500);
        chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
        for (int c = 0; c < samples.classes().size(); c++) {
            int digit = c;
            List<double[]> dots =
                    IntStream.range(0, points.length)
                            .filter(i -> samples.labels()[i] == digit)
                            .mapToObj(i -> points[i])
                            .toList();
            Plots.dots(chart, samples.classes().get(c), dots);
        }
        return chart;
    }

    /** A loss, how many digits it compares, and what it wants to know of them. */
    @SuppressWarnings("ImmutableEnumChecker") // losses do not change
    private enum Task {
        TRIPLET(Losses.tripletMarginLoss(), 3),
        COSINE(CosineEmbeddingLoss.builder().optMargin(0.5).build(), 2),
        HINGE(Losses.hingeEmbeddingLoss(), 2);

        private static final PairwiseDistance DISTANCE = PairwiseDistance.builder().build();

        private final Loss loss;
        private final int members;

        Task(Loss loss, int members) {
            this.loss = loss;
            this.members = members;
        }

        /** Takes the points of groups (N, members, D) apart. */
        NDList predictions(NDList groups) {
            NDArray points = groups.singletonOrThrow();
            NDList members = new NDList();
            for (int i = 0; i < this.members; i++) {
                members.add(points.get(":, " + i));
            }
            return this == HINGE
                    ? new NDList(DISTANCE.between(members.get(0), members.get(1)))
                    : members;
        }
    }
}
