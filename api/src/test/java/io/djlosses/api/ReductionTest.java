/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNull;
import static org.testng.Assert.assertSame;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Locale;
import java.util.function.UnaryOperator;

/** The names of reductions. */
public class ReductionTest {

    @DataProvider
    public Object[][] reductions() {
        return new Object[][] {
            {"NONE", Reduction.NONE},
            {"SUM", Reduction.SUM},
            {"MEAN", Reduction.MEAN},
            {"BATCH_MEAN", Reduction.BATCH_MEAN},
        };
    }

    @Test(dataProvider = "reductions")
    public void isFoundByName(String name, Reduction reduction) {
        assertSame(Reduction.valueOf(name), reduction);
        assertSame(Reduction.valueOf(name.toLowerCase(Locale.ROOT)), reduction);
        assertEquals(reduction.toString(), name);
        assertNull(reduction.function());
    }

    @DataProvider
    public Object[][] unknownNames() {
        return new Object[][] {{"batchmean"}, {""}, {" MEAN"}, {"median"}};
    }

    @Test(dataProvider = "unknownNames")
    public void rejectsOtherNames(String name) {
        IllegalArgumentException e =
                expectThrows(IllegalArgumentException.class, () -> Reduction.valueOf(name));
        assertEquals(
                e.getMessage(), "reduction must be NONE, SUM, MEAN or BATCH_MEAN, but was " + name);
    }

    /** A function keeps its name, and is never one of the built-in reductions. */
    @Test
    public void holdsAFunction() {
        UnaryOperator<NDArray> function = UnaryOperator.identity();
        Reduction reduction = Reduction.of("MEAN", function);
        assertSame(reduction.function(), function);
        assertEquals(reduction.toString(), "MEAN");
        assertSame(Reduction.valueOf("MEAN"), Reduction.MEAN);
    }
}
