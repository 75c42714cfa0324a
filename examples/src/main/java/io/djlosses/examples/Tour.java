/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.TextTable;
import io.djlosses.nd.Nd;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** The fifteen losses of a well-known tour of PyTorch, on its inputs. */
@Command(name = "tour", description = "Fifteen losses, each on a small input.")
final class Tour extends ExampleCommand {

    @Mixin private SeedOption seed;

    private final TextTable table = new TextTable("loss", "input", "result");

    @Override
    public void run() {
        try (NDManager manager = engine().newBaseManager()) {
            randomInputs(new Draw(manager, seed.random(0)));
            fixedInputs(manager);
            ctc(new Draw(manager, seed.random(1)));
        }
        print("%s", table);
    }

    private void randomInputs(Draw draw) {
        add(Losses.bceLoss(), "random (3)", draw.zeroOrOne(3), Nd.sigmoid(draw.normal(3)));
        add(Losses.crossEntropyLoss(), "random (3, 5)", draw.integers(0, 5, 3), draw.normal(3, 5));
        add(Losses.l1Loss(), "random (3, 5)", draw.normal(3, 5), draw.normal(3, 5));
        add(Losses.mseLoss(), "random (3, 5)", draw.normal(3, 5), draw.normal(3, 5));
        add(Losses.smoothL1Loss(), "random (3, 5)", draw.normal(3, 5), draw.normal(3, 5));
        add(Losses.poissonNLLLoss(), "random (5, 2)", draw.normal(5, 2), draw.normal(5, 2));
        add(
                Losses.marginRankingLoss(),
                "random (3), (3)",
                draw.normal(3).sign(),
                draw.normal(3),
                draw.normal(3));
        add(
                Losses.tripletMarginLoss(),
                "random (100, 128), three",
                new NDList(),
                new NDList(draw.normal(100, 128), draw.normal(100, 128), draw.normal(100, 128)));
    }

    private void fixedInputs(NDManager manager) {
        add(
                Losses.klDivLoss(),
                "fixed (2, 3)",
                manager.create(new float[][] {{0.9f, 0.05f, 0.05f}, {0.1f, 0.7f, 0.2f}}),
                manager.create(new float[][] {{0.5f, 0.3f, 0.2f}, {0.2f, 0.3f, 0.5f}}));
        add(
                Losses.multiLabelMarginLoss(),
                "fixed (1, 4)",
                manager.create(new long[] {3, 0, -1, 1}, new Shape(1, 4)),
                manager.create(new float[][] {{0.9f, 0.2f, 0.4f, 0.8f}}));
        NDArray scores = manager.create(new float[][] {{0.3f, 0.7f}, {0.5f, 0.5f}});
        add(
                Losses.softMarginLoss(),
                "fixed (2, 2)",
                manager.create(new float[][] {{-1, 1}, {1, -1}}),
                scores);
        add(Losses.multiMarginLoss(), "fixed (2, 2)", manager.create(new long[] {0, 1}), scores);
        add(
                Losses.hingeEmbeddingLoss(),
                "fixed (1, 3)",
                manager.create(new float[][] {{1, 1, -1}}),
                manager.create(new float[][] {{1, 0.8f, 0.5f}}));
        NDArray x1 = manager.create(new float[][] {{0.3f, 0.5f, 0.7f}, {0.3f, 0.5f, 0.7f}});
        NDArray x2 = manager.create(new float[][] {{0.1f, 0.3f, 0.5f}, {0.1f, 0.3f, 0.5f}});
        add(
                Losses.cosineEmbeddingLoss(),
                "fixed (2, 3), (2, 3)",
                manager.create(new float[] {1, -1}),
                x1,
                x2);
    }

    /** Batches of 16 sequences of 50 steps over 20 symbols, with targets in both packings. */
    private void ctc(Draw draw) {
        NDArray logProbabilities = Nd.logSoftmax(draw.normal(50, 16, 20), 2);
        NDArray steps = draw.integers(50, 51, 16);
        NDArray lengths = draw.integers(10, 30, 16);
        add(
                Losses.ctcLoss(),
                "random (50, 16, 20), padded",
                new NDList(draw.integers(1, 20, 16, 30), steps, lengths),
                new NDList(logProbabilities));
        lengths = draw.integers(1, 25, 16);
        long total = Arrays.stream(Nd.toLongs(lengths)).sum();
        add(
                Losses.ctcLoss(),
                "random (50, 16, 20), concatenated",
                new NDList(draw.integers(1, 20, total), steps, lengths),
                new NDList(logProbabilities));
    }

    private void add(Loss loss, String input, NDArray label, NDArray... predictions) {
        add(loss, input, new NDList(label), new NDList(predictions));
    }

    private void add(Loss loss, String input, NDList labels, NDList predictions) {
        float result = loss.evaluate(labels, predictions).getFloat();
        table.add(loss.getName(), input, String.format(Locale.ROOT, "%.4f", result));
    }

    /** Random arrays that are the same on every engine. */
    private record Draw(NDManager manager, Random random) {

        NDArray normal(long... shape) {
            Shape whole = new Shape(shape);
            double[] values =
                    IntStream.range(0, (int) whole.size())
                            .mapToDouble(i -> random.nextGaussian())
                            .toArray();
            return Nd.create(manager, values, whole, DataType.FLOAT32);
        }

        NDArray zeroOrOne(long... shape) {
            return integers(0, 2, shape).toType(DataType.FLOAT32, false);
        }

        NDArray integers(int low, int high, long... shape) {
            Shape whole = new Shape(shape);
            long[] values =
                    LongStream.range(0, whole.size())
                            .map(i -> low + random.nextInt(high - low))
                            .toArray();
            return Nd.create(manager, values, whole);
        }
    }
}
