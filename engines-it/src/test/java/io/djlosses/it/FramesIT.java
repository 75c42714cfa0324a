/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.BroadcastLoss;
import io.djlosses.api.Reduction;
import io.djlosses.api.RowLoss;
import io.djlosses.api.SampleWeighting;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.nd.Nd;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.List;

/** The frames that losses of several arrays and of rows are written in. */
public class FramesIT {

    /** As the documentation of {@link BroadcastLoss} shows. */
    private static final class LaplaceNLLLoss extends BroadcastLoss {

        private LaplaceNLLLoss(SimpleBuilder<LaplaceNLLLoss> builder) {
            super(builder, List.of("target"), List.of("location", "scale"));
        }

        static SimpleBuilder<LaplaceNLLLoss> builder() {
            return new SimpleBuilder<>("LaplaceNLLLoss", LaplaceNLLLoss::new);
        }

        @Override
        protected NDArray unreduced(NDList labels, NDList predictions) {
            NDArray scale = predictions.get(1);
            NDArray error = predictions.get(0).sub(labels.get(0));
            return error.abs().div(scale).add(Nd.mul(scale, 2).log());
        }
    }

    /** As the documentation of {@link RowLoss} shows. */
    private static final class EuclideanLoss extends RowLoss {

        private EuclideanLoss(SimpleBuilder<EuclideanLoss> builder) {
            super(builder, List.of("target"), List.of("prediction"));
        }

        static SimpleBuilder<EuclideanLoss> builder() {
            return new SimpleBuilder<>("EuclideanLoss", EuclideanLoss::new);
        }

        @Override
        protected NDArray unreduced(NDList labels, NDList predictions) {
            return Nd.norm(predictions.get(0).sub(labels.get(0)), -1, false);
        }
    }

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    private static double laplace(double y, double x, double scale) {
        return Math.abs(x - y) / scale + Math.log(2 * scale);
    }

    @Test(dataProvider = "engines")
    public void severalArraysBroadcastAlongTheirFirstAxes(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDArray location = manager.create(new double[] {1, 2, 3, 4}, new Shape(2, 2));
            NDArray label = manager.create(new int[] {0, 5}, new Shape(2));
            NDArray scale = manager.create(new double[] {0.5}, new Shape());
            location.setRequiresGradient(true);
            scale.setRequiresGradient(true);
            AbstractLoss loss = LaplaceNLLLoss.builder().optReduction(Reduction.NONE).build();
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray values = loss.evaluate(new NDList(label), new NDList(location, scale));
                assertEquals(values.getShape(), new Shape(2, 2));
                assertEquals(
                        Nd.toDoubles(values),
                        new double[] {
                            laplace(0, 1, 0.5),
                            laplace(0, 2, 0.5),
                            laplace(5, 3, 0.5),
                            laplace(5, 4, 0.5)
                        },
                        1e-12);
                collector.backward(values.sum());
            }
            assertEquals(Nd.toDoubles(location.getGradient()), new double[] {2, 2, -2, -2}, 1e-12);
            // Σ −|x − y| / s² + 1 / s
            assertEquals(Nd.toDoubles(scale.getGradient()), new double[] {-6 / 0.25 + 8}, 1e-12);
        }
    }

    @Test(dataProvider = "engines")
    public void aColumnAndAVectorAreAligned(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDArray column = manager.create(new double[] {1, 2, 3}, new Shape(3, 1));
            NDArray vector = manager.create(new double[] {3, 2, 1}, new Shape(3));
            NDArray one = manager.create(new double[] {1}, new Shape());
            AbstractLoss loss = LaplaceNLLLoss.builder().build();
            NDArray value = loss.value(new NDList(vector), new NDList(column, one));
            assertEquals(Nd.toDoubles(value)[0], 4.0 / 3 + Math.log(2), 1e-12);
        }
    }

    @Test(dataProvider = "engines")
    public void rowsHaveOneValueAndMayBeWeighted(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            double[] numbers = {3, 4, 0, 0, 6, 8};
            NDArray prediction = manager.create(numbers, new Shape(3, 2));
            NDArray label = manager.zeros(new Shape(3, 2));
            NDArray weight = manager.create(new float[] {1, 5, 2});
            prediction.setRequiresGradient(true);
            AbstractLoss loss =
                    EuclideanLoss.builder()
                            .optSampleWeighting(SampleWeighting.MEAN_BY_WEIGHT)
                            .build();
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray value = loss.evaluate(new NDList(label, weight), new NDList(prediction));
                assertEquals(Nd.toDoubles(value)[0], 25.0 / 8, 1e-12);
                collector.backward(value);
            }
            double[] gradient = {0.6 / 8, 0.8 / 8, 0, 0, 1.2 / 8, 1.6 / 8};
            assertEquals(Nd.toDoubles(prediction.getGradient()), gradient, 1e-12);
            NDArray row = manager.create(new double[] {3, 4});
            AbstractLoss plain = EuclideanLoss.builder().optReduction(Reduction.NONE).build();
            NDArray single = plain.value(new NDList(row.zerosLike()), new NDList(row));
            assertEquals(single.getShape(), new Shape());
            assertEquals(Nd.toDoubles(single)[0], 5, 1e-12);
        }
    }

    @Test(dataProvider = "engines")
    public void shapesThatDoNotFitAreNamed(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = new NDList(manager.zeros(new Shape(3)));
            NDArray prediction = manager.zeros(new Shape(2, 2));
            AbstractLoss laplace = LaplaceNLLLoss.builder().build();
            AbstractLoss rows = EuclideanLoss.builder().build();
            assertEquals(
                    message(laplace, labels, new NDList(prediction)),
                    "LaplaceNLLLoss: predictions must hold 2 arrays [location, scale], but held 1"
                            + " (the order is evaluate(labels, predictions))");
            assertEquals(
                    message(laplace, labels, new NDList(prediction, prediction)),
                    "LaplaceNLLLoss: labels and predictions must have shapes of one rank that"
                            + " broadcast, but was [(2, 2), (2, 2), (3, 1)]");
            assertEquals(
                    message(rows, labels, new NDList(prediction)),
                    "EuclideanLoss: labels[0] must have the leading axes (2) of predictions[0],"
                            + " but was (3)");
        }
    }

    private static String message(AbstractLoss loss, NDList labels, NDList predictions) {
        return expectThrows(
                        IllegalArgumentException.class, () -> loss.evaluate(labels, predictions))
                .getMessage();
    }
}
