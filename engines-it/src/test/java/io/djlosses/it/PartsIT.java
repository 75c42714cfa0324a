/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNull;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Fraction;
import io.djlosses.api.MergeableLoss;
import io.djlosses.api.Reduction;
import io.djlosses.api.SampleWeighting;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.nd.Nd;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.MSELoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Parts of a batch, of single losses and of sums of losses. */
public class PartsIT {

    private static final int CLASSES = 3;
    private static final double[] LOGITS = {
        0.5, -1, 2, 0, 1, -3, 0.25, 0.75, -0.5, 1.5, -2, 1, 3, 0.1, -0.1
    };

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    private static NDArray array(NDManager manager, double... values) {
        return Nd.create(manager, values, new Shape(values.length), DataType.FLOAT32);
    }

    private static MergeableLoss[] sums() {
        CrossEntropyLoss weighted =
                CrossEntropyLoss.builder().optWeight(1, 3, 0.5).optIgnoreIndex(-1).build();
        CrossEntropyLoss smoothed = CrossEntropyLoss.builder().optLabelSmoothing(0.1).build();
        WeightedSumLoss inner = WeightedSumLoss.builder().addLoss(2, weighted).build();
        return new MergeableLoss[] {
            weighted,
            Losses.sum(weighted),
            WeightedSumLoss.builder().addLoss(0.5, weighted).addLoss(-0.25, inner).build(),
            MultiLabelLoss.builder().setLosses(weighted, smoothed).optWeights(1, 3).build(),
        };
    }

    private static NDList labels(MergeableLoss loss, NDManager manager, int from, int to) {
        long[] first = {0, 1, -1, 2, 1};
        long[] second = {2, 0, 0, 1, 1};
        NDList labels = new NDList();
        for (long[] classes :
                loss instanceof MultiLabelLoss ? List.of(first, second) : List.of(first)) {
            long[] part = Arrays.copyOfRange(classes, from, to);
            labels.add(Nd.create(manager, part, new Shape(part.length)));
        }
        return labels;
    }

    private static NDArray logits(NDManager manager, int from, int to) {
        double[] part = Arrays.copyOfRange(LOGITS, from * CLASSES, to * CLASSES);
        return Nd.create(manager, part, new Shape(to - from, CLASSES), DataType.FLOAT32);
    }

    /** Unequal parts with class weights and ignored targets give the whole, value and gradient. */
    @Test(dataProvider = "engines")
    public void partsOfSumsMergeIntoTheWhole(String engine) {
        int[] cuts = {0, 1, 4, 5};
        for (MergeableLoss loss : sums()) {
            try (NDManager manager = Place.manager(engine)) {
                Engine named = Engine.getEngine(engine);
                NDArray x = logits(manager, 0, 5);
                x.setRequiresGradient(true);
                double whole;
                try (GradientCollector collector = named.newGradientCollector()) {
                    NDArray value =
                            ((Loss) loss).evaluate(labels(loss, manager, 0, 5), new NDList(x));
                    whole = Nd.toDoubles(value)[0];
                    collector.backward(value);
                }
                double[] expected = Nd.toDoubles(x.getGradient());
                assertEquals(
                        Nd.toDoubles(loss.value(labels(loss, manager, 0, 5), new NDList(x)))[0],
                        whole,
                        1e-6);
                List<NDArray> leaves = new ArrayList<>();
                double merged;
                try (GradientCollector collector = named.newGradientCollector()) {
                    Fraction sum = null;
                    for (int i = 0; i + 1 < cuts.length; i++) {
                        NDArray part = logits(manager, cuts[i], cuts[i + 1]);
                        part.setRequiresGradient(true);
                        leaves.add(part);
                        NDList label = labels(loss, manager, cuts[i], cuts[i + 1]);
                        Fraction fraction = loss.fraction(label, new NDList(part));
                        sum = sum == null ? fraction : sum.plus(fraction);
                    }
                    NDArray value = Objects.requireNonNull(sum).value();
                    merged = Nd.toDoubles(value)[0];
                    collector.backward(value);
                }
                assertEquals(merged, whole, 1e-6, loss.toString());
                List<Double> gradient = new ArrayList<>();
                for (NDArray leaf : leaves) {
                    for (double number : Nd.toDoubles(leaf.getGradient())) {
                        gradient.add(number);
                    }
                }
                double[] actual = gradient.stream().mapToDouble(Double::doubleValue).toArray();
                assertNull(Outcome.difference(expected, actual, 1e-6, 1e-7), loss.toString());
                ((Loss) loss).addAccumulator("epoch");
                for (int i = 0; i + 1 < cuts.length; i++) {
                    NDArray part = logits(manager, cuts[i], cuts[i + 1]);
                    NDList label = labels(loss, manager, cuts[i], cuts[i + 1]);
                    ((Loss) loss).updateAccumulator("epoch", label, new NDList(part));
                }
                if (!loss.toString().contains("-0.25")) {
                    // Each loss of a sum is exact; here they are all of one kind.
                    assertEquals(
                            loss.getAccumulatorAsDouble("epoch"), whole, 1e-6, loss.toString());
                }
            }
        }
    }

    @Test(dataProvider = "engines")
    public void whatIsMergedIsClosed(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            CrossEntropyLoss loss = CrossEntropyLoss.builder().optWeight(1, 3, 0.5).build();
            NDArray x = logits(manager, 0, 2);
            NDList label = new NDList(Nd.create(manager, new long[] {0, 1}, new Shape(2)));
            int before = manager.getManagedArrays().size();
            Fraction sum = loss.fraction(label, new NDList(x));
            for (int i = 0; i < 10; i++) {
                sum = sum.plus(loss.fraction(label, new NDList(x)));
            }
            // What Java knows is no array until someone asks for it.
            assertTrue(manager.getManagedArrays().size() <= before + 2);
            assertEquals(Nd.toDoubles(sum.denominator())[0], 11 * 4.0, 1e-6);
            sum.close();
            assertEquals(manager.getManagedArrays().size(), before, "arrays that are left");
        }
    }

    @Test(dataProvider = "engines")
    public void partsOfOtherLossesAreRefused(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            NDList x = new NDList(array(manager, 1, 2));
            HuberLoss huber = HuberLoss.builder().build();
            MergeableLoss[] others = {
                MSELoss.builder().build(),
                HuberLoss.builder().optDelta(2).build(),
                Losses.sum(huber, huber)
            };
            for (MergeableLoss other : others) {
                Fraction one = huber.fraction(y, x);
                Fraction two = other.fraction(y, x);
                IllegalArgumentException e =
                        expectThrows(IllegalArgumentException.class, () -> one.plus(two));
                assertTrue(
                        e.getMessage().contains("fractions must be of one loss"), e.getMessage());
            }
            Fraction copies = huber.fraction(y, x).plus(HuberLoss.builder().build().fraction(y, x));
            assertEquals(Nd.toDoubles(copies.value())[0], 1.0, 1e-6);
        }
    }

    @Test(dataProvider = "engines")
    public void aLossOfDjlKeepsNoParts(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            NDList x = new NDList(array(manager, 1, 2));
            WeightedSumLoss sum = Losses.sum(Losses.mseLoss(), Loss.l1Loss("built in"));
            assertEquals(Nd.toDoubles(sum.value(y, x))[0], 2.5 + 1.5, 1e-6);
            sum.addAccumulator("epoch");
            sum.updateAccumulator("epoch", y, x);
            assertEquals(sum.getAccumulatorAsDouble("epoch"), 4, 1e-6);
            IllegalStateException e =
                    expectThrows(IllegalStateException.class, () -> sum.fraction(y, x));
            assertTrue(e.getMessage().contains("the component built in keeps no"), e.getMessage());
        }
    }

    /** An error in a later component leaves nothing of those before it. */
    @Test(dataProvider = "engines")
    public void anErrorLeavesNothing(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            NDList x = new NDList(array(manager, 1, 2));
            MSELoss bad = MSELoss.builder().optSampleWeighting(SampleWeighting.MASK).build();
            WeightedSumLoss sum = Losses.sum(Losses.mseLoss(), bad);
            int before = manager.getManagedArrays().size();
            expectThrows(IllegalArgumentException.class, () -> sum.fraction(y, x));
            expectThrows(IllegalArgumentException.class, () -> sum.evaluate(y, x));
            assertEquals(manager.getManagedArrays().size(), before, "arrays that are left");
        }
    }

    @SuppressWarnings("NullAway") // what users do nevertheless
    @Test(dataProvider = "engines")
    public void arraysThatAreMissingAreNamed(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList x = new NDList(array(manager, 1, 2));
            NDList hole = new NDList((NDArray) null);
            for (Loss sum :
                    new Loss[] {
                        Losses.sum(Losses.mseLoss()), Losses.multiLabelLoss(Losses.mseLoss(), 1)
                    }) {
                String message = sum.getName() + ": labels[0] must be an array, but was null";
                IllegalArgumentException e =
                        expectThrows(IllegalArgumentException.class, () -> sum.evaluate(hole, x));
                assertEquals(e.getMessage(), message);
                e = expectThrows(IllegalArgumentException.class, () -> sum.evaluate(null, x));
                assertEquals(
                        e.getMessage(),
                        sum.getName() + ": labels must be a list of arrays, but was null");
            }
        }
    }

    @Test(dataProvider = "engines")
    public void sumsOverPartsAddUp(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            MSELoss loss = MSELoss.builder().optReduction(Reduction.SUM).build();
            NDList y = new NDList(array(manager, 0, 0));
            Fraction one = loss.fraction(y, new NDList(array(manager, 1, 2)));
            Fraction two = loss.fraction(y, new NDList(array(manager, 3, 0)));
            assertEquals(Nd.toDoubles(one.plus(two).value())[0], 14, 1e-6);
        }
    }

    @Test
    public void sumsListTheirLosses() {
        Loss sum =
                WeightedSumLoss.builder()
                        .addLoss(Losses.mseLoss())
                        .addLoss(2, Losses.l1Loss())
                        .build();
        assertEquals(sum.toString(), "WeightedSumLoss(MSELoss, 2.0 * L1Loss)");
    }
}
