/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.api.Accumulators.Total;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.stream.IntStream;

/** The sums behind the figures of an epoch. */
public class AccumulatorsTest {

    private static void update(Accumulators accumulators, Total more, String... keys) {
        accumulators.update(keys, more, new NDList(), new NDList());
    }

    @Test
    public void addsNumeratorsAndDenominators() {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        assertEquals(accumulators.get("train"), new Total(0, 0, 0));
        update(accumulators, new Total(1.5, 2, 1), "train");
        update(accumulators, new Total(-4, 0.5, 1), "train");
        assertEquals(accumulators.get("train"), new Total(-2.5, 2.5, 2));
    }

    @Test
    public void keepsKeysApart() {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        accumulators.add("validate");
        update(accumulators, new Total(3, 1, 1), "train", "validate");
        update(accumulators, new Total(5, 1, 1), "validate");
        update(accumulators, new Total(100, 100, 1));
        assertEquals(accumulators.get("train"), new Total(3, 1, 1));
        assertEquals(accumulators.get("validate"), new Total(8, 2, 2));
        accumulators.reset("validate");
        assertEquals(accumulators.get("train"), new Total(3, 1, 1));
        assertEquals(accumulators.get("validate"), Total.NOTHING);
    }

    @Test
    public void startsAnewWhenAddedAgain() {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        update(accumulators, new Total(3, 1, 1), "train");
        accumulators.add("train");
        assertEquals(accumulators.get("train"), Total.NOTHING);
    }

    /**
     * Of two owners, who add the same batches, the batches of several devices one after the other.
     */
    @Test
    public void countsABatchOnceForTwoOwners() {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        accumulators.add("train");
        for (int step = 0; step < 3; step++) {
            NDArray[] devices = {Stub.of(1), Stub.of(1)};
            for (int owner = 0; owner < 2; owner++) {
                for (NDArray device : devices) {
                    NDList one = new NDList(device);
                    accumulators.update(new String[] {"train"}, new Total(1, 1, 1), one, one);
                }
            }
        }
        assertEquals(accumulators.get("train"), new Total(6, 6, 6));
    }

    private interface Use {
        void of(Accumulators accumulators);
    }

    @DataProvider
    public Object[][] uses() {
        return new Object[][] {
            {"get", (Use) a -> a.get("other")},
            {"reset", (Use) a -> a.reset("other")},
            {"update", (Use) a -> update(a, new Total(1, 1, 1), "other")},
        };
    }

    @Test(dataProvider = "uses")
    public void namesAKeyThatWasNotAdded(String name, Use use) {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        IllegalArgumentException e =
                expectThrows(IllegalArgumentException.class, () -> use.of(accumulators));
        assertEquals(
                e.getMessage(),
                "Loss: accumulator 'other' must be added with addAccumulator first");
    }

    /** No update of several threads is lost. */
    @Test
    public void isThreadSafe() {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        int updates = 100_000;
        IntStream.range(0, updates)
                .parallel()
                .forEach(i -> update(accumulators, new Total(1, 2, 1), "train"));
        assertEquals(accumulators.get("train"), new Total(updates, 2.0 * updates, updates));
    }
}
