/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNotEquals;
import static org.testng.Assert.assertNotNull;
import static org.testng.Assert.assertNull;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.api.Choice;
import io.djlosses.api.Reduction;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.MultiLabelMarginLoss;
import io.djlosses.internal.symbolic.Recorder;
import io.djlosses.nd.Nd;
import io.djlosses.regression.MSELoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

import org.testng.SkipException;
import org.testng.annotations.Test;

import java.util.List;
import java.util.function.Function;

/**
 * What a recorded graph does, on the engine that runs graphs; {@code GoldenIT} tests those of
 * losses.
 */
public class RecorderIT {

    private static NDArray product(NDList in) {
        return Nd.sum(in.get(0).mul(in.get(1)).add(1));
    }

    private static Recorder.Results results(NDArray result) {
        return new Recorder.Results(new NDList(result), 0);
    }

    private static NDManager manager() {
        String engine = "MXNet";
        if (!Outcome.engines().contains(engine)) {
            throw new SkipException("no native library of " + engine + " for this platform");
        }
        return Place.manager(engine);
    }

    private static NDArray numbers(NDManager manager, double first, long... shape) {
        double[] values = new double[(int) new Shape(shape).size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = first + i % 7 * 0.25;
        }
        return Nd.create(manager, values, new Shape(shape), DataType.FLOAT32);
    }

    private static NDArray classes(NDManager manager, long... classes) {
        return Nd.create(manager, classes, new Shape(classes.length));
    }

    /** Returns the value, and after it the gradient. */
    private static double[] outcome(Loss loss, NDArray label, NDArray prediction) {
        prediction.setRequiresGradient(true);
        NDArray value;
        try (GradientCollector collector =
                prediction.getManager().getEngine().newGradientCollector()) {
            value = loss.evaluate(new NDList(label), new NDList(prediction));
            collector.backward(value);
        }
        double[] gradient = Nd.toDoubles(prediction.getGradient());
        double[] outcome = new double[1 + gradient.length];
        outcome[0] = Nd.toDoubles(value)[0];
        System.arraycopy(gradient, 0, outcome, 1, gradient.length);
        return outcome;
    }

    @Test
    public void oneEngineRunsGraphs() {
        for (String engine : Outcome.engines()) {
            try (NDManager manager = Place.manager(engine)) {
                NDArray array = Nd.create(manager, new float[1], new Shape(1));
                boolean expected = engine.equals("MXNet") && !array.getDevice().isGpu();
                assertEquals(Recorder.runsOn(array), expected, engine);
            }
        }
    }

    @Test
    public void aGraphComputesTheSame() {
        try (NDManager manager = manager()) {
            Recorder recorder = new Recorder();
            for (int call = 0; call < 3; call++) {
                NDArray x = numbers(manager, call, 3, 4);
                NDList inputs = new NDList(x, numbers(manager, 2, 3, 4));
                Recorder.Results result =
                        recorder.run("product", inputs, in -> results(product(in)));
                assertNotNull(result);
                assertEquals(Nd.toDoubles(result.heads().head()), Nd.toDoubles(product(inputs)));
            }
        }
    }

    @Test
    public void whatDependsOnMoreThanItsInputsIsNotRecorded() {
        try (NDManager manager = manager()) {
            NDArray other = numbers(manager, 5, 3);
            List<Function<NDList, NDArray>> computations =
                    List.of(
                            in -> in.head().mul(in.head().getFloat(0)),
                            in -> in.head().mul(other),
                            in -> in.head().add(in.head().getManager().randomNormal(new Shape(3))),
                            in -> other.add(1),
                            in -> in.head(),
                            in -> in.head().getManager().zeros(new Shape(3)));
            for (Function<NDList, NDArray> computation : computations) {
                int before = manager.getManagedArrays().size();
                NDArray x = numbers(manager, 1, 3);
                assertNull(
                        new Recorder()
                                .run("it", new NDList(x), in -> results(computation.apply(in))));
                x.close();
                assertEquals(manager.getManagedArrays().size(), before, "arrays that are left");
            }
        }
    }

    @Test
    public void labelsOfEveryCallCount() {
        try (NDManager manager = manager()) {
            Loss loss = CrossEntropyLoss.builder().optWeight(1, 2, 0.5, 1).build();
            Loss formula =
                    Choice.FORMULA.on(CrossEntropyLoss.builder()).optWeight(1, 2, 0.5, 1).build();
            long[][] labels = {{0, 1, 2}, {3, 1, 2}, {2, 2, 2}, {0, -100, 1}, {-100, 3, -100}};
            for (int round = 0; round < 4; round++) {
                for (long[] classes : labels) {
                    NDArray label = classes(manager, classes);
                    NDArray x = numbers(manager, round, 3, 4);
                    assertEquals(outcome(loss, label, x), outcome(formula, label, x), 1e-6f);
                }
            }
            NDArray bad = classes(manager, 0, 1, 4);
            NDArray x = numbers(manager, 0, 3, 4);
            IllegalArgumentException e =
                    expectThrows(IllegalArgumentException.class, () -> outcome(loss, bad, x));
            assertEquals(
                    e.getMessage(),
                    "CrossEntropyLoss: labels must hold class indices in [0, 4) or ignoreIndex ="
                            + " -100, but element 2 was 4");
        }
    }

    @Test
    public void listsOfEveryLengthCount() {
        try (NDManager manager = manager()) {
            Loss loss = MultiLabelMarginLoss.builder().build();
            Loss formula = Choice.FORMULA.on(MultiLabelMarginLoss.builder()).build();
            long[][] lists = {{1, -1, -1, -1}, {1, 3, -1, -1}, {3, 2, 0, -1}, {-1, -1, -1, -1}};
            for (int round = 0; round < 4; round++) {
                for (long[] list : lists) {
                    NDArray label = classes(manager, list);
                    NDArray x = numbers(manager, round, 4);
                    assertEquals(outcome(loss, label, x), outcome(formula, label, x), 1e-6f);
                }
            }
        }
    }

    @Test
    public void otherShapesAndTypesHaveTheirOwnGraphs() {
        try (NDManager manager = manager()) {
            Loss loss = MSELoss.builder().build();
            for (int call = 0; call < 200; call++) {
                long size = 1L + call % 40;
                DataType type = call % 2 == 0 ? DataType.FLOAT32 : DataType.FLOAT64;
                NDArray x = numbers(manager, call, size).toType(type, false);
                double[] outcome = outcome(loss, x.add(1), x);
                assertEquals(outcome[0], 1, 1e-4);
                assertEquals(outcome[1], -2.0 / size, 1e-4);
            }
        }
    }

    @Test
    public void everyCallDrawsAnew() {
        try (NDManager manager = manager()) {
            double[][] values = new double[2][12];
            Choice[] readings = {Choice.AUTO, Choice.FORMULA};
            for (int reading = 0; reading < 2; reading++) {
                Loss loss =
                        readings[reading]
                                .on(SampledSoftmaxLoss.builder())
                                .setNumSampled(3)
                                .optSeed(7)
                                .optReduction(Reduction.MEAN)
                                .build();
                NDList predictions =
                        new NDList(
                                numbers(manager, -1, 40, 2),
                                numbers(manager, 0, 40),
                                numbers(manager, -0.5, 3, 2));
                NDList labels = new NDList(classes(manager, 3, 17, 39));
                for (int call = 0; call < 12; call++) {
                    values[reading][call] = Nd.toDoubles(loss.evaluate(labels, predictions))[0];
                }
            }
            assertEquals(values[0], values[1], 1e-6f);
            assertNotEquals(values[0][10], values[0][11]);
        }
    }
}
