/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;

import io.djlosses.nd.Nd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * What a small network can learn with a loss: labels that are a function of four latent numbers of
 * each sample, and the layer that ends the network.
 *
 * @param labels computes the labels from the latent numbers of samples
 * @param last makes the last layer
 */
public record Lesson(Function<double[][], List<Numbers>> labels, Supplier<Block> last) {

    /** How many latent numbers a sample has, which are the scores of as many classes. */
    public static final int CLASSES = 4;

    private static final int STEPS = 6;
    private static final UnaryOperator<NDArray> PLAIN = UnaryOperator.identity();

    static final Lesson NUMBERS = of(Lesson::numbers, PLAIN);
    static final Lesson COUNTS =
            of(latent -> List.of(each(latent, z -> Math.floor(Math.exp(z)))), PLAIN);
    static final Lesson MEANS_AND_VARIANCES = of(Lesson::numbers, PLAIN, Lesson::positive);
    static final Lesson MASKED = NUMBERS.weighted(z -> z > 0.3 ? 0 : 1);
    static final Lesson WEIGHTED = NUMBERS.weighted(Math::abs);
    static final Lesson SEVERAL_NUMBERS =
            of(latent -> List.of(each(latent, z -> z), each(latent, z -> z * z)), PLAIN);

    static final Lesson BITS = of(Lesson::bits, PLAIN);
    static final Lesson BITS_BY_PROBABILITIES = of(Lesson::bits, Nd::sigmoid);
    static final Lesson SIGNS = of(Lesson::signs, PLAIN);
    static final Lesson SIGNS_BY_DISTANCES = of(Lesson::signs, Lesson::positive);
    static final Lesson SIGNS_BY_TWO_SCORES = of(Lesson::signs, PLAIN, PLAIN);

    static final Lesson CLASS = of(Lesson::classes, PLAIN);
    static final Lesson CLASS_BY_LOG_PROBABILITIES = of(Lesson::classes, Lesson::logSoftmax);
    static final Lesson ONE_HOT = of(Lesson::oneHot, PLAIN);
    static final Lesson CLASS_LISTS = of(Lesson::classLists, PLAIN);
    static final Lesson DISTRIBUTIONS = of(Lesson::distributions, PLAIN);
    static final Lesson DISTRIBUTIONS_BY_LOG_PROBABILITIES =
            of(Lesson::distributions, Lesson::logSoftmax);

    static final Lesson PAIRS = of(Lesson::pairs, PLAIN, PLAIN);
    static final Lesson TRIPLETS = of(Lesson::pairs, PLAIN, PLAIN, PLAIN);
    static final Lesson SEQUENCES =
            new Lesson(
                    Lesson::sequences,
                    () -> heads(STEPS * CLASSES, x -> x.reshape(-1, STEPS, CLASSES)));

    @SafeVarargs
    private static Lesson of(
            Function<double[][], List<Numbers>> labels, UnaryOperator<NDArray>... heads) {
        return new Lesson(labels, () -> heads(CLASSES, heads));
    }

    /** Returns the classes, learned by another last layer. */
    static Lesson classesBy(Supplier<Block> last) {
        return new Lesson(Lesson::classes, last);
    }

    private Lesson weighted(DoubleUnaryOperator weight) {
        return new Lesson(
                latent -> {
                    List<Numbers> all = new ArrayList<>(labels.apply(latent));
                    all.add(one(latent, false, z -> weight.applyAsDouble(z[0])));
                    return all;
                },
                last);
    }

    /**
     * Makes a linear layer for each prediction.
     *
     * @param units the width of each
     * @param heads what each prediction goes through after that
     * @return the layers, side by side
     */
    @SafeVarargs
    public static Block heads(int units, UnaryOperator<NDArray>... heads) {
        ParallelBlock block =
                new ParallelBlock(
                        parts -> {
                            NDList all = new NDList();
                            parts.forEach(all::addAll);
                            return all;
                        });
        for (UnaryOperator<NDArray> head : heads) {
            block.add(
                    new SequentialBlock()
                            .add(Linear.builder().setUnits(units).build())
                            .add(list -> new NDList(head.apply(list.singletonOrThrow()))));
        }
        return block;
    }

    private static NDArray logSoftmax(NDArray x) {
        return Nd.logSoftmax(x, 1);
    }

    private static NDArray positive(NDArray x) {
        return Nd.softplus(x).add(0.1);
    }

    // ------------------------------------------------------------------ labels

    private static Numbers each(double[][] latent, DoubleUnaryOperator function) {
        return rows(latent, false, z -> Arrays.stream(z).map(function).toArray());
    }

    private static Numbers rows(
            double[][] latent, boolean whole, UnaryOperator<double[]> function) {
        double[][] rows = Arrays.stream(latent).map(function).toArray(double[][]::new);
        double[] values = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
        return new Numbers(whole, new Shape(rows.length, rows[0].length), values);
    }

    private static Numbers one(
            double[][] latent, boolean whole, Function<double[], Number> function) {
        double[] values =
                Arrays.stream(latent).mapToDouble(z -> function.apply(z).doubleValue()).toArray();
        return new Numbers(whole, new Shape(values.length), values);
    }

    private static List<Numbers> numbers(double[][] latent) {
        return List.of(each(latent, z -> z));
    }

    private static List<Numbers> bits(double[][] latent) {
        return List.of(each(latent, z -> z > 0 ? 1 : 0));
    }

    private static List<Numbers> signs(double[][] latent) {
        return List.of(each(latent, z -> z > 0 ? 1 : -1));
    }

    private static int best(double[] z) {
        int best = 0;
        for (int i = 1; i < z.length; i++) {
            best = z[i] > z[best] ? i : best;
        }
        return best;
    }

    private static List<Numbers> classes(double[][] latent) {
        return List.of(one(latent, true, Lesson::best));
    }

    private static List<Numbers> oneHot(double[][] latent) {
        return List.of(
                rows(
                        latent,
                        false,
                        z -> {
                            double[] row = new double[z.length];
                            row[best(z)] = 1;
                            return row;
                        }));
    }

    private static List<Numbers> distributions(double[][] latent) {
        return List.of(
                rows(
                        latent,
                        false,
                        z -> {
                            double[] row = Arrays.stream(z).map(Math::exp).toArray();
                            double sum = Arrays.stream(row).sum();
                            return Arrays.stream(row).map(p -> p / sum).toArray();
                        }));
    }

    private static List<Numbers> classLists(double[][] latent) {
        return List.of(
                rows(
                        latent,
                        true,
                        z -> {
                            double[] row = new double[z.length];
                            Arrays.fill(row, -1);
                            int count = 0;
                            for (int c = 0; c < z.length; c++) {
                                if (z[c] > 0) {
                                    row[count++] = c;
                                }
                            }
                            return row;
                        }));
    }

    private static List<Numbers> pairs(double[][] latent) {
        return List.of(one(latent, false, z -> z[0] > 0 ? 1 : -1));
    }

    private static List<Numbers> sequences(double[][] latent) {
        return List.of(
                rows(latent, true, z -> new double[] {z[0] > 0 ? 1 : 2, z[1] > 0 ? 3 : 1}),
                one(latent, true, z -> STEPS - (z[2] > 0 ? 1 : 0)),
                one(latent, true, z -> z[3] > 0 ? 2 : 1));
    }
}
