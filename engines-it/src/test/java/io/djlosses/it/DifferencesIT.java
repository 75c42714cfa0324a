/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNotEquals;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;

import io.djlosses.Losses;
import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.Reduction;
import io.djlosses.api.Validation;
import io.djlosses.binary.BCELoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.distribution.GaussianNLLLoss;
import io.djlosses.embedding.SDMLLoss;
import io.djlosses.embedding.TripletMarginWithDistanceLoss;
import io.djlosses.nd.Nd;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.SmoothL1Loss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;
import io.djlosses.vocabulary.CandidateSampler;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Arrays;
import java.util.Random;

/**
 * What the catalogue claims to differ from the originals and golden rows cannot show, and the
 * options that golden rows cannot set: functions, random draws, memory.
 */
public class DifferencesIT {

    @DataProvider
    public Object[][] engines() {
        return Outcome.engines().stream()
                .map(engine -> new Object[] {engine})
                .toArray(Object[][]::new);
    }

    private static NDArray array(NDManager manager, Shape shape, double... values) {
        return Nd.create(manager, values, shape, DataType.FLOAT64);
    }

    private static double[] gradient(
            Engine engine, AbstractLoss loss, NDList labels, NDArray... predictions) {
        NDArray x = predictions[0];
        x.setRequiresGradient(true);
        try (GradientCollector collector = engine.newGradientCollector()) {
            collector.backward(loss.evaluate(labels, new NDList(predictions)));
        }
        return Nd.toDoubles(x.getGradient());
    }

    /** As the documentation of {@code CrossEntropyLoss.optIgnoreIndex} shows. */
    @Test(dataProvider = "engines")
    public void severalIndicesAreIgnoredAsOne(String name) {
        Engine engine = Engine.getEngine(name);
        try (NDManager manager = engine.newBaseManager()) {
            NDArray y = manager.create(new long[] {0, 21, 2, 25}, new Shape(4));
            NDArray one = NDArrays.where(y.gte(20), y.onesLike().mul(-100), y);
            double[] logits = {1, 0, -1, 5, 5, 5, 0, 2, 1, -3, 4, 0};
            double[] gradient =
                    gradient(
                            engine,
                            CrossEntropyLoss.builder().build(),
                            new NDList(one),
                            array(manager, new Shape(4, 3), logits));
            NDArray kept = manager.create(new long[] {0, 2}, new Shape(2));
            double[] expected =
                    gradient(
                            engine,
                            CrossEntropyLoss.builder().build(),
                            new NDList(kept),
                            array(manager, new Shape(2, 3), 1, 0, -1, 0, 2, 1));
            assertEquals(Arrays.copyOfRange(gradient, 0, 3), Arrays.copyOf(expected, 3), 1e-15);
            assertEquals(Arrays.copyOfRange(gradient, 3, 6), new double[3]);
            assertEquals(
                    Arrays.copyOfRange(gradient, 6, 9), Arrays.copyOfRange(expected, 3, 6), 1e-15);
            assertEquals(Arrays.copyOfRange(gradient, 9, 12), new double[3]);
        }
    }

    @Test(dataProvider = "engines")
    public void rootMeanSquareHasGradientZeroAtZeroError(String name) {
        Engine engine = Engine.getEngine(name);
        try (NDManager manager = engine.newBaseManager()) {
            NDArray x = array(manager, new Shape(2), 1, 2);
            NDList y = new NDList(array(manager, new Shape(2), 1, 2));
            assertEquals(gradient(engine, Losses.rmseLoss(), y, x), new double[] {0, 0});
        }
    }

    /** In FLOAT32 such a threshold is infinite, or 0, which the formulas cannot take. */
    @Test(dataProvider = "engines")
    public void aThresholdMayBeBeyondTheRangeOfTheData(String name) {
        Engine engine = Engine.getEngine(name);
        for (Choice reading : Choice.values()) {
            HuberLoss huge = reading.on(HuberLoss.builder()).optDelta(1e200).build();
            SmoothL1Loss tiny = reading.on(SmoothL1Loss.builder()).optBeta(1e-200).build();
            try (NDManager manager = engine.newBaseManager()) {
                NDList y = new NDList(Nd.create(manager, new float[] {1, 1}, new Shape(2)));
                NDArray x = Nd.create(manager, new float[] {3, -7}, new Shape(2));
                assertEquals(Nd.toDoubles(huge.value(y, new NDList(x)))[0], 17, reading.name());
                assertEquals(gradient(engine, huge, y, x), new double[] {1, -4}, reading.name());
                x = Nd.create(manager, new float[] {3, -7}, new Shape(2));
                assertEquals(Nd.toDoubles(tiny.value(y, new NDList(x)))[0], 5, reading.name());
                assertEquals(
                        gradient(engine, tiny, y, x), new double[] {0.5, -0.5}, reading.name());
            }
        }
    }

    @Test(dataProvider = "engines")
    public void similarityOfABatchOfOneIsZero(String name) {
        try (NDManager manager = Engine.getEngine(name).newBaseManager()) {
            NDList pair =
                    new NDList(
                            array(manager, new Shape(1, 2), 1, 2),
                            array(manager, new Shape(1, 2), 3, 4));
            assertEquals(Nd.toDoubles(Losses.sdmlLoss().evaluate(new NDList(), pair))[0], 0, 0);
        }
    }

    /** Against the definition in Java doubles, for embeddings of any magnitude. */
    @Test(dataProvider = "engines")
    public void similarityKeepsItsDigitsWhereOneCoordinateIsLarge(String name) {
        Engine engine = Engine.getEngine(name);
        for (int rows : new int[] {2, 3, 40, 130}) {
            for (double outlier : new double[] {1, 300, 1e5, 1e7, 1e12}) {
                for (int place = 0; place < 3; place++) {
                    float[][] x = embeddings(rows, 5);
                    for (int k = 0; k < 2; k++) {
                        if (place != 1 - k) { // in the first, the second, or both
                            x[k][5] = (float) outlier;
                        }
                    }
                    double[][] expected = similarity(x, rows, 5, 0.3);
                    for (Choice choice : Choice.of(name)) {
                        String what =
                                choice + " " + rows + " rows, " + outlier + ", place " + place;
                        try (NDManager manager = engine.newBaseManager()) {
                            NDArray x1 = Nd.create(manager, x[0], new Shape(rows, 5));
                            NDArray x2 = Nd.create(manager, x[1], new Shape(rows, 5));
                            x2.setRequiresGradient(true);
                            SDMLLoss loss = choice.on(SDMLLoss.builder()).build();
                            double[] first = gradient(engine, loss, new NDList(), x1, x2);
                            double[] second = Nd.toDoubles(x2.getGradient());
                            double[] value =
                                    Nd.toDoubles(loss.value(new NDList(), new NDList(x1, x2)));
                            assertClose(value, expected[0], what);
                            assertClose(first, expected[1], what);
                            assertClose(second, expected[2], what);
                        }
                    }
                }
            }
        }
    }

    private static void assertClose(double[] actual, double[] expected, String what) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(actual[i], expected[i], 1e-5 * largest + 1e-30, what);
        }
    }

    private static float[][] embeddings(int rows, int width) {
        Random random = new Random(7);
        float[][] x = new float[2][rows * width];
        for (int i = 0; i < rows * width; i++) {
            x[0][i] = (float) random.nextGaussian();
            x[1][i] = x[0][i] + 0.5f * (float) random.nextGaussian();
        }
        return x;
    }

    /** Returns value and gradients of the mean, from squared differences. */
    private static double[][] similarity(float[][] x, int rows, int width, double smoothing) {
        double[][] result = {new double[1], new double[rows * width], new double[rows * width]};
        for (int i = 0; i < rows; i++) {
            double[] distances = new double[rows];
            for (int j = 0; j < rows; j++) {
                for (int c = 0; c < width; c++) {
                    // less the distance to the first, whose digits would hide the others'
                    double first = x[1][c];
                    double other = x[1][j * width + c];
                    distances[j] += (first - other) * (2.0 * x[0][i * width + c] - other - first);
                }
            }
            double nearest = Arrays.stream(distances).min().orElseThrow();
            double sum = Arrays.stream(distances).map(d -> Math.exp(nearest - d)).sum();
            for (int j = 0; j < rows; j++) {
                double q = i == j ? 1 - smoothing : smoothing / (rows - 1);
                double logP = nearest - distances[j] - Math.log(sum);
                result[0][0] += q * (Math.log(q) - logP) / rows / rows;
                double weight = 2 * (Math.exp(logP) - q) / rows / rows;
                for (int c = 0; c < width; c++) {
                    double d = (double) x[1][j * width + c] - x[0][i * width + c];
                    // The weights of a row sum to 0.
                    result[1][i * width + c] += weight * ((double) x[1][j * width + c] - x[1][c]);
                    result[2][j * width + c] -= weight * d;
                }
            }
        }
        return result;
    }

    @Test(dataProvider = "engines")
    public void rangesAreCheckedInStrictValidationOnly(String name) {
        try (NDManager manager = Engine.getEngine(name).newBaseManager()) {
            NDList label = new NDList(array(manager, new Shape(1), 1));
            NDList outside = new NDList(array(manager, new Shape(1), 1.5));
            assertTrue(Double.isNaN(Nd.toDoubles(Losses.bceLoss().evaluate(label, outside))[0]));
            AbstractLoss strict = BCELoss.builder().optValidation(Validation.STRICT).build();
            message(strict, label, outside, "[0, 1]");

            NDList negative =
                    new NDList(array(manager, new Shape(1), 0), array(manager, new Shape(1), -1));
            double clamped = 0.5 * (Math.log(1e-6) + 1 / 1e-6);
            double value = Nd.toDoubles(Losses.gaussianNLLLoss().evaluate(label, negative))[0];
            assertEquals(value, clamped, 1e-9 * clamped);
            strict = GaussianNLLLoss.builder().optValidation(Validation.STRICT).build();
            message(strict, label, negative, "variance");
        }
    }

    @Test(dataProvider = "engines")
    public void anIndexOutOfRangeIsAnErrorAndNotZero(String name) {
        try (NDManager manager = Engine.getEngine(name).newBaseManager()) {
            NDList label = new NDList(manager.create(new long[] {3}));
            NDList logits = new NDList(array(manager, new Shape(1, 3), 1, 2, 3));
            AbstractLoss loss = SoftmaxCrossEntropyWithLogits.builder().optSparse(true).build();
            message(loss, label, logits, "[0, 3)");
        }
    }

    private static void message(AbstractLoss loss, NDList labels, NDList inputs, String part) {
        IllegalArgumentException error =
                expectThrows(IllegalArgumentException.class, () -> loss.evaluate(labels, inputs));
        assertTrue(String.valueOf(error.getMessage()).contains(part), error.getMessage());
    }

    @Test
    public void buildersRejectWhatTheOriginalsLetPass() {
        expectThrows(
                IllegalArgumentException.class,
                () -> CrossEntropyLoss.builder().optLabelSmoothing(-0.1));
        expectThrows(
                IllegalArgumentException.class,
                () ->
                        AdaptiveLogSoftmaxWithLoss.builder()
                                .setInFeatures(8)
                                .setNClasses(100)
                                .setCutoffs(10, 20, 30, 40)
                                .build());
    }

    @Test(dataProvider = "engines")
    public void aDistanceOfYourOwnMeasures(String name) {
        try (NDManager manager = Engine.getEngine(name).newBaseManager()) {
            AbstractLoss loss =
                    TripletMarginWithDistanceLoss.builder()
                            .optDistanceFunction((a, b) -> a.sub(b).abs().sum(new int[] {-1}))
                            .build();
            NDList triplet =
                    new NDList(
                            array(manager, new Shape(1, 2), 0, 0),
                            array(manager, new Shape(1, 2), 1, 2),
                            array(manager, new Shape(1, 2), 0.5, 0.25));
            double value = Nd.toDoubles(loss.evaluate(new NDList(), triplet))[0];
            assertEquals(value, 1 + 3 - 0.75, 1e-12);
        }
    }

    @Test(dataProvider = "engines")
    public void theSizeOfAChunkChangesNothingButMemory(String name) {
        Engine engine = Engine.getEngine(name);
        try (NDManager manager = engine.newBaseManager()) {
            double[] numbers = new double[7 * 3];
            Arrays.setAll(numbers, i -> Math.sin(i + 1));
            NDList label = new NDList(manager.create(new long[] {0, 4, 2, 1, 3, 0, 4}));
            NDArray weight = array(manager, new Shape(5, 3), Arrays.copyOf(numbers, 15));
            double[] whole = null;
            for (long size : new long[] {7, 1, 3}) {
                AbstractLoss loss =
                        Choice.CLOSED_FORM
                                .on(LinearCrossEntropyLoss.builder())
                                .optChunkSize(size)
                                .build();
                NDArray x = array(manager, new Shape(7, 3), numbers);
                double[] gradient = gradient(engine, loss, label, x, weight);
                whole = whole == null ? gradient : whole;
                for (int i = 0; i < gradient.length; i++) {
                    assertEquals(gradient[i], whole[i], 1e-14, "chunks of " + size);
                }
            }
        }
    }

    @Test(dataProvider = "engines")
    public void samplesRepeatBySeedAndEstimateTheFullSoftmax(String name) {
        try (NDManager manager = Engine.getEngine(name).newBaseManager()) {
            double[] numbers = new double[50 * 2];
            Arrays.setAll(numbers, i -> Math.sin(3 * i + 1));
            NDList inputs =
                    new NDList(
                            array(manager, new Shape(50, 2), numbers),
                            array(manager, new Shape(50), Arrays.copyOf(numbers, 50)),
                            array(manager, new Shape(1, 2), 0.5, -1));
            NDList label = new NDList(manager.create(new long[] {7}));
            for (CandidateSampler sampler :
                    new CandidateSampler[] {
                        CandidateSampler.UNIFORM, CandidateSampler.LOG_UNIFORM
                    }) {
                double[] first = draws(sampler, 42, label, inputs);
                assertEquals(draws(sampler, 42, label, inputs), first, "the same seed");
                assertNotEquals(draws(sampler, 43, label, inputs)[0], first[0], "another seed");
                assertNotEquals(first[1], first[0], "another call");
            }
            // With every class drawn once nothing is left to chance.
            AbstractLoss all =
                    SampledSoftmaxLoss.builder()
                            .setNumSampled(50)
                            .optReduction(Reduction.MEAN)
                            .optUnique(true)
                            .build();
            NDArray logits = inputs.get(2).matMul(inputs.get(0).transpose()).add(inputs.get(1));
            double full =
                    Nd.toDoubles(Losses.crossEntropyLoss().evaluate(label, new NDList(logits)))[0];
            assertEquals(Nd.toDoubles(all.evaluate(label, inputs))[0], full, 1e-9);
        }
    }

    private static double[] draws(
            CandidateSampler sampler, long seed, NDList label, NDList inputs) {
        AbstractLoss loss =
                SampledSoftmaxLoss.builder()
                        .setNumSampled(5)
                        .optSampler(sampler)
                        .optSeed(seed)
                        .optUnique(false)
                        .optReduction(Reduction.MEAN)
                        .build();
        double[] values = new double[3];
        Arrays.setAll(values, i -> Nd.toDoubles(loss.evaluate(label, inputs))[0]);
        return values;
    }
}
