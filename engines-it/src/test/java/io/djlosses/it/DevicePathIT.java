/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

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

    private static @Nullable String difference(double[] expected, double[] actual) {
        return Outcome.difference(expected, actual, 1e-12, 1e-15);
    }
}
