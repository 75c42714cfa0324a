/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.Validation;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

/**
 * Class indices that stay on the device, as on a GPU, where reading them would make it wait: the
 * same values and gradients. {@code Validation.SHAPES} takes this path on a CPU too.
 */
public class DevicePathIT {

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    @Test(dataProvider = "enginesAndLosses")
    public void indicesNeedNotBeRead(String engine, Class<? extends Loss> type) {
        for (GoldenRow row : GoldenRow.of(type)) {
            JsonObject options = row.options().deepCopy();
            Loss reading = Catalogue.build(type, options, null);
            options.addProperty("validation", "SHAPES");
            Loss blind = Catalogue.build(type, options, null);
            Outcome expected = Outcome.of(engine, reading, row, DataType.FLOAT64);
            Outcome actual = Outcome.of(engine, blind, row, DataType.FLOAT64);
            assertEquals(actual.shape(), expected.shape(), row.toString());
            assertEquals(difference(expected.value(), actual.value()), null, row.toString());
            for (int i = 0; i < expected.gradients().size(); i++) {
                assertEquals(
                        difference(expected.gradients().get(i), actual.gradients().get(i)),
                        null,
                        row + " gradient " + i);
            }
        }
    }

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    @Test(dataProvider = "engines")
    public void ignoredIndexIsExact(String engine) {
        long ignored = (1 << 24) + 1; // which no FLOAT32 holds
        CrossEntropyLoss loss =
                CrossEntropyLoss.builder()
                        .optValidation(Validation.SHAPES)
                        .optIgnoreIndex(ignored)
                        .build();
        try (NDManager manager = Place.manager(engine)) {
            NDArray logits = manager.zeros(new Shape(2, 4));
            assertEquals(value(loss, logits, 0, ignored), Math.log(4), 1e-6);
            // A neighbor is out of range, not ignored.
            assertEquals(value(loss, logits, 0, ignored - 1), Double.NaN);
        }
    }

    private static double value(Loss loss, NDArray logits, long... classes) {
        NDArray label = Nd.create(logits.getManager(), classes, new Shape(classes.length));
        return Nd.toDoubles(loss.evaluate(new NDList(label), new NDList(logits)))[0];
    }

    private static @Nullable String difference(double[] expected, double[] actual) {
        return Outcome.difference(expected, actual, 1e-12, 1e-15);
    }
}
