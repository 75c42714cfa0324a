/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;

import io.djlosses.nd.Nd;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.function.UnaryOperator;

/** Idioms that are there for losses of your own, and that no loss of the library shows. */
public class NdIT {

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    @Test(dataProvider = "engines")
    public void logSumExpDoesNotOverflow(String engine) {
        double[] x = {1e4, 1e4, -1e4};
        check(engine, a -> Nd.logSumExp(a, 0), x, new double[] {1e4 + Math.log(2)}, 0.5, 0.5, 0);
    }

    @Test(dataProvider = "engines")
    public void logSigmoidDoesNotOverflow(String engine) {
        double[] x = {-1e4, 0, 1e4};
        check(engine, Nd::logSigmoid, x, new double[] {-1e4, -Math.log(2), 0}, 1, 0.5, 0);
    }

    private static void check(
            String name,
            UnaryOperator<NDArray> function,
            double[] x,
            double[] values,
            double... gradient) {
        Engine engine = Engine.getEngine(name);
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            double tolerance = type == DataType.FLOAT64 ? 1e-12 : 1e-6;
            try (NDManager manager = engine.newBaseManager()) {
                NDArray array = Nd.create(manager, x, new Shape(x.length), type);
                array.setRequiresGradient(true);
                NDArray result;
                try (GradientCollector collector = engine.newGradientCollector()) {
                    result = function.apply(array);
                    collector.backward(result.sum());
                }
                double[] actual = Nd.toDoubles(result);
                for (int i = 0; i < values.length; i++) {
                    double allowed = tolerance * (1 + Math.abs(values[i]));
                    assertEquals(actual[i], values[i], allowed, type + " value " + i);
                }
                double[] slopes = Nd.toDoubles(array.getGradient());
                for (int i = 0; i < slopes.length; i++) {
                    assertEquals(slopes[i], gradient[i], tolerance, type + " gradient " + i);
                }
            }
        }
    }
}
