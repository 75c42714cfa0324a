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
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Fraction;
import io.djlosses.api.MergeableLoss;
import io.djlosses.api.Reduction;
import io.djlosses.api.SampleWeighting;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.embedding.CosineSimilarityLoss;
import io.djlosses.nd.Nd;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.MSELoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

import org.testng.Assert.ThrowingRunnable;
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

    /** A refusal comes before the first sum, and names both sides with their weights. */
    @Test(dataProvider = "engines")
    public void whatIsRefusedStaysAsItIs(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            NDList x = new NDList(array(manager, 1, 2));
            HuberLoss huber = HuberLoss.builder().build();
            WeightedSumLoss first = Losses.sum(Losses.mseLoss(), huber);
            WeightedSumLoss second =
                    WeightedSumLoss.builder()
                            .addLoss(Losses.mseLoss())
                            .addLoss(0.5, HuberLoss.builder().optDelta(2).build())
                            .build();
            Fraction one = first.fraction(y, x);
            Fraction two = second.fraction(y, x);
            double before = Nd.toDoubles(one.value())[0];
            int arrays = manager.getManagedArrays().size();
            IllegalArgumentException e =
                    expectThrows(IllegalArgumentException.class, () -> one.plus(two));
            assertEquals(
                    e.getMessage(),
                    "MSELoss: fractions must be of one loss to be merged, but were of MSELoss +"
                            + " HuberLoss and MSELoss + 0.5 * HuberLoss(delta=2.0)");
            NDArray wide = Nd.create(manager, new double[] {1, 2}, new Shape(2), DataType.FLOAT64);
            Fraction three = first.fraction(y, new NDList(wide));
            arrays += 3; // the prediction and two numerators
            e = expectThrows(IllegalArgumentException.class, () -> one.plus(three));
            assertTrue(e.getMessage().contains("of one data type and on one"), e.getMessage());
            assertEquals(manager.getManagedArrays().size(), arrays, "arrays that are left");
            assertEquals(Nd.toDoubles(one.value())[0], before);
        }
    }

    /** The content of the options decides, whatever they show, and in whatever order. */
    @Test(dataProvider = "engines")
    public void partsAreAlikeByTheContentOfTheirOptions(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 1));
            NDList x = new NDList(array(manager, 1, 2));
            Block block = Linear.builder().setUnits(2).build();
            Block other = Linear.builder().setUnits(2).build();
            for (Block each : new Block[] {block, other}) {
                each.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
            }
            Reduction mean = Reduction.MEAN;
            EmptyPolicy zero = EmptyPolicy.ZERO;
            Object[][] pairs = {
                {Losses.l2Regularization(block, 1), Losses.l2Regularization(block, 1), true},
                {Losses.l2Regularization(block, 1), Losses.l2Regularization(other, 1), false},
                {
                    HuberLoss.builder().optEmptyPolicy(zero).optDelta(2).build(),
                    HuberLoss.builder().optDelta(2).optEmptyPolicy(zero).build(),
                    true
                },
                {MSELoss.builder().optReduction(mean).build(), Losses.mseLoss(), true},
                {MSELoss.builder().optEmptyPolicy(zero).build(), Losses.mseLoss(), false},
                {
                    BCEWithLogitsLoss.builder().optWeight(1, 2).build(),
                    BCEWithLogitsLoss.builder().optWeight(1, 2).build(),
                    true
                },
                {
                    BCEWithLogitsLoss.builder().optWeight(1, 2).build(),
                    BCEWithLogitsLoss.builder().optWeight(2, 1).build(),
                    false
                },
            };
            for (Object[] pair : pairs) {
                Fraction one = ((MergeableLoss) pair[0]).fraction(y, x);
                Fraction two = ((MergeableLoss) pair[1]).fraction(y, x);
                if ((boolean) pair[2]) {
                    one.plus(two).close();
                } else {
                    expectThrows(IllegalArgumentException.class, () -> one.plus(two));
                }
            }
            NDList sampled = new NDList(Nd.create(manager, new long[] {0, 1}, new Shape(2, 1)));
            NDList head = new NDList();
            for (Shape shape : new Shape[] {new Shape(5, 3), new Shape(5), new Shape(2, 3)}) {
                head.add(manager.ones(shape));
            }
            Fraction one = sampled(2, 3).fraction(sampled, head);
            Fraction two = sampled(3, 2).fraction(sampled, head);
            expectThrows(IllegalArgumentException.class, () -> one.plus(two));
            one.plus(sampled(2, 3).fraction(sampled, head)).close();
        }
    }

    private static SampledSoftmaxLoss sampled(long... ids) {
        return SampledSoftmaxLoss.builder()
                .setNumSampled(2)
                .optNumClasses(5)
                .optSampledValues(ids, new double[][] {{1}, {1}}, new double[] {1, 1})
                .build();
    }

    @Test(dataProvider = "engines")
    public void aPartCountsTwiceWithItself(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            MSELoss loss = MSELoss.builder().optReduction(Reduction.SUM).build();
            Fraction part = loss.fraction(y, new NDList(array(manager, 1, 2)));
            Fraction twice = part.plus(part);
            assertEquals(Nd.toDoubles(twice.value())[0], 10, 1e-6);
            assertEquals(Nd.toDoubles(twice.denominator())[0], 2, 1e-6);
        }
    }

    @Test(dataProvider = "engines")
    public void aSumOfFractionsHasAWeightForEach(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            Fraction part = Losses.mseLoss().fraction(y, new NDList(array(manager, 1, 2)));
            Object[][] given = {
                {new double[0], List.of()}, {new double[1], List.of(part, part)},
                {new double[2], List.of(part)}, {new double[1], List.of()}
            };
            for (Object[] each : given) {
                @SuppressWarnings("unchecked")
                List<Fraction> parts = (List<Fraction>) each[1];
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class,
                                () -> Fraction.sum((double[]) each[0], parts));
                assertEquals(
                        e.getMessage(),
                        "Fraction.sum: fractions must hold one fraction for each weight, at least"
                                + " one, but was "
                                + parts.size()
                                + " fractions for "
                                + ((double[]) each[0]).length
                                + " weights");
            }
        }
    }

    /** Values of several shapes would be broadcast, and a penalty counted once for each. */
    @Test(dataProvider = "engines")
    public void valuesOfSeveralShapesAreRefused(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            Block block = Linear.builder().setUnits(2).build();
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
            MSELoss none = MSELoss.builder().optReduction(Reduction.NONE).build();
            Loss cosine = CosineSimilarityLoss.builder().optReduction(Reduction.NONE).build();
            for (long[] shape : new long[][] {{3, 1}, {3, 2}}) {
                NDList y = new NDList(manager.ones(new Shape(shape)));
                NDList x = new NDList(manager.ones(new Shape(shape)));
                WeightedSumLoss sum = Losses.sum(none, cosine);
                for (ThrowingRunnable use :
                        new ThrowingRunnable[] {() -> sum.evaluate(y, x), () -> sum.value(y, x)}) {
                    IllegalArgumentException e = expectThrows(IllegalArgumentException.class, use);
                    assertEquals(
                            e.getMessage(),
                            "WeightedSumLoss: all losses of a sum must give values of one shape,"
                                    + " but MSELoss gave "
                                    + new Shape(shape)
                                    + " and CosineSimilarityLoss gave (3); build MSELoss and"
                                    + " CosineSimilarityLoss with a reduction to one number, such"
                                    + " as MEAN, rather than NONE");
                }
                Loss penalized = Losses.sum(Losses.l2Regularization(block, 1), none);
                IllegalArgumentException e =
                        expectThrows(
                                IllegalArgumentException.class, () -> penalized.evaluate(y, x));
                assertTrue(
                        e.getMessage()
                                .endsWith(
                                        "; build MSELoss with a reduction to one number,"
                                                + " such as MEAN, rather than NONE"),
                        e.getMessage());
                assertEquals(Losses.sum(none, none).evaluate(y, x).getShape(), new Shape(shape));
            }
        }
    }

    /** A component of DJL leaves no arrays, and has no gradient where none is asked for. */
    @Test(dataProvider = "engines")
    public void aLossOfDjlIsTreatedAsOnesOwn(String engine) {
        Engine named = Engine.getEngine(engine);
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            NDArray x = array(manager, 1, 2);
            WeightedSumLoss sum = Losses.sum(Losses.mseLoss(), Loss.l1Loss("built in"));
            sum.addAccumulator("epoch");
            int before = manager.getManagedArrays().size();
            sum.updateAccumulator("epoch", y, new NDList(x));
            assertEquals(manager.getManagedArrays().size(), before, "arrays that are left");
            x.setRequiresGradient(true);
            try (GradientCollector collector = named.newGradientCollector()) {
                NDArray value = sum.value(y, new NDList(x));
                collector.backward(value.add(x.sum()));
            }
            assertEquals(Nd.toDoubles(x.getGradient()), new double[] {1, 1});
        }
    }

    /** A batch is added to the accumulators of all losses, or to none. */
    @Test(dataProvider = "engines")
    public void anErrorAddsNothing(String engine) {
        try (NDManager manager = Place.manager(engine)) {
            NDList y = new NDList(array(manager, 0, 0));
            NDList x = new NDList(array(manager, 1, 2));
            Loss foreign =
                    new Loss("foreign") {
                        @Override
                        public NDArray evaluate(NDList labels, NDList predictions) {
                            throw new IllegalStateException("cannot");
                        }
                    };
            MSELoss bad = MSELoss.builder().optSampleWeighting(SampleWeighting.MASK).build();
            for (Loss second : new Loss[] {bad, foreign, Losses.sum(foreign)}) {
                WeightedSumLoss sum = Losses.sum(Losses.mseLoss(), Loss.l1Loss("built in"), second);
                sum.addAccumulator("epoch");
                expectThrows(RuntimeException.class, () -> sum.updateAccumulator("epoch", y, x));
                for (int i = 0; i < 2; i++) {
                    assertTrue(Float.isNaN(sum.getComponentAccumulator("epoch", i)), "" + i);
                }
            }
            // Nor to the first of two accumulators, where the second is not there.
            MSELoss loss = MSELoss.builder().build();
            loss.addAccumulator("first");
            expectThrows(
                    IllegalArgumentException.class,
                    () -> loss.updateAccumulators(new String[] {"first", "second"}, y, x));
            assertTrue(Double.isNaN(loss.getAccumulatorAsDouble("first")));
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
