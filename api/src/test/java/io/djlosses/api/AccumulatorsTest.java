/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDList;

import io.djlosses.api.Accumulators.Total;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.stream.IntStream;

/** The sums behind the figures of an epoch. */
public class AccumulatorsTest {

    @Test
    public void addsNumeratorsAndDenominators() {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        assertEquals(accumulators.get("train"), new Total(0, 0, 0));
        accumulators.update(
                new String[] {"train"},
                new Accumulators.Total(1.5, 2, 1),
                new NDList(),
                new NDList());
        accumulators.update(
                new String[] {"train"},
                new Accumulators.Total(-4, 0.5, 1),
                new NDList(),
                new NDList());
        assertEquals(accumulators.get("train"), new Total(-2.5, 2.5, 2));
    }

    @Test
    public void keepsKeysApart() {
        Accumulators accumulators = new Accumulators("Loss");
        accumulators.add("train");
        accumulators.add("validate");
        accumulators.update(
                new String[] {"train", "validate"},
                new Accumulators.Total(3, 1, 1),
                new NDList(),
                new NDList());
        accumulators.update(
                new String[] {"validate"},
                new Accumulators.Total(5, 1, 1),
                new NDList(),
                new NDList());
        accumulators.update(
                new String[] {}, new Accumulators.Total(100, 100, 1), new NDList(), new NDList());
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
        accumulators.update(
                new String[] {"train"},
                new Accumulators.Total(3, 1, 1),
                new NDList(),
                new NDList());
        accumulators.add("train");
        assertEquals(accumulators.get("train"), Total.NOTHING);
    }

    private interface Use {
        void of(Accumulators accumulators);
    }

    @DataProvider
    public Object[][] uses() {
        return new Object[][] {
            {"get", (Use) a -> a.get("other")},
            {"reset", (Use) a -> a.reset("other")},
            {
                "update",
                (Use)
                        a ->
                                a.update(
                                        new String[] {"other"},
                                        new Accumulators.Total(1, 1, 1),
                                        new NDList(),
                                        new NDList())
            },
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
                .forEach(
                        i ->
                                accumulators.update(
                                        new String[] {"train"},
                                        new Accumulators.Total(1, 2, 1),
                                        new NDList(),
                                        new NDList()));
        assertEquals(accumulators.get("train"), new Total(updates, 2.0 * updates, updates));
    }
}
