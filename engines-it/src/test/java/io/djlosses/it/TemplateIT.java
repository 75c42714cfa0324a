/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertThrows;
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
import io.djlosses.api.AbstractLoss;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Fraction;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;
import io.djlosses.api.SampleWeighting;
import io.djlosses.api.SimpleBuilder;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.nd.Nd;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** What the template does for every loss, those of a user included. */
public class TemplateIT {

    private static final double[] LABEL = {0.5, -1, 2, 0, 1, -3};
    private static final double[] PREDICTION = {0, -1.5, 2.5, 4, -40, -2.75};

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    // ------------------------------------------------------------------ a loss of one's own

    /** A loss of the user, written as the documentation of {@link ElementwiseLoss} shows. */
    private static final class CauchyLoss extends ElementwiseLoss {

        private CauchyLoss(SimpleBuilder<CauchyLoss> builder) {
            super(builder);
        }

        static SimpleBuilder<CauchyLoss> builder() {
            return new SimpleBuilder<>("CauchyLoss", CauchyLoss::new);
        }

        @Override
        protected NDArray unreduced(NDArray label, NDArray prediction) {
            NDArray d = prediction.sub(label);
            return d.square().add(Nd.num(d, 1)).log();
        }
    }

    private static double[] cauchy() {
        return IntStream.range(0, 6)
                .mapToDouble(
                        i -> {
                            double d = PREDICTION[i] - LABEL[i];
                            return Math.log1p(d * d);
                        })
                .toArray();
    }

    @Test(dataProvider = "engines")
    public void aLossInTenLinesHasEveryReduction(String engine) {
        GoldenRow row = row(new Shape(2, 3), LABEL, PREDICTION);
        double[] values = cauchy();
        double sum = Arrays.stream(values).sum();
        double largest = Arrays.stream(values).max().orElseThrow();
        check(engine, row, Reduction.NONE, new Shape(2, 3), values);
        check(engine, row, Reduction.SUM, new Shape(), sum);
        check(engine, row, Reduction.MEAN, new Shape(), sum / 6);
        check(engine, row, Reduction.BATCH_MEAN, new Shape(), sum / 2);
        check(engine, row, Reduction.of("LARGEST", NDArray::max), new Shape(), largest);
    }

    private static void check(
            String engine, GoldenRow row, Reduction reduction, Shape shape, double... expected) {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            Outcome outcome =
                    Outcome.of(
                            engine,
                            CauchyLoss.builder().optReduction(reduction).build(),
                            row,
                            type);
            String what = reduction + " " + type;
            assertEquals(outcome.type(), type, what);
            assertEquals(outcome.shape(), shape, what);
            double rtol = type == DataType.FLOAT32 ? 1e-6 : 1e-12;
            assertEquals(Outcome.difference(expected, outcome.value(), rtol, 0), null, what);
            double[] gradient = new double[6];
            for (int i = 0; i < 6; i++) {
                double d = PREDICTION[i] - LABEL[i];
                gradient[i] = 2 * d / (1 + d * d) * factor(reduction, i);
            }
            assertEquals(
                    Outcome.difference(gradient, outcome.gradients().get(0), rtol, 0), null, what);
        }
    }

    private static double factor(Reduction reduction, int i) {
        return switch (reduction.toString()) {
            case "MEAN" -> 1.0 / 6;
            case "BATCH_MEAN" -> 1.0 / 2;
            case "LARGEST" -> i == 4 ? 1 : 0;
            default -> 1;
        };
    }

    @Test(dataProvider = "engines")
    public void aReductionOfOnesOwnIsAveragedOverBatchesAndCannotBeMerged(String engine) {
        AbstractLoss loss =
                CauchyLoss.builder().optReduction(Reduction.of("LARGEST", NDArray::max)).build();
        loss.addAccumulator("epoch");
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = list(manager, new Shape(2), 0, 0);
            loss.updateAccumulator("epoch", labels, list(manager, new Shape(2), 0, 10));
            loss.updateAccumulator("epoch", labels, list(manager, new Shape(2), 0, 0));
            assertEquals(loss.getAccumulatorAsDouble("epoch"), Math.log(101) / 2, 1e-6);
            IllegalStateException e =
                    expectThrows(IllegalStateException.class, () -> loss.fraction(labels, labels));
            assertEquals(
                    e.getMessage(),
                    "CauchyLoss: the reduction LARGEST cannot be merged from parts");
        }
    }

    // ------------------------------------------------------------------ accumulators

    @Test(dataProvider = "engines")
    public void anEpochIsItsMeanHoweverItWasCut(String engine) {
        // Batches of 4 and of 1 element: DJL's own losses average 1 and 100 to 50.5, the mean is
        // 20.8.
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            AbstractLoss mean = Losses.mseLoss();
            AbstractLoss sum = MSELoss.builder().optReduction(Reduction.SUM).build();
            AbstractLoss none = MSELoss.builder().optReduction(Reduction.NONE).build();
            for (AbstractLoss loss : List.of(mean, sum, none)) {
                loss.addAccumulator("train");
                loss.addAccumulator("epoch");
                assertTrue(Float.isNaN(loss.getAccumulator("epoch")), "nothing added yet");
            }
            try (NDManager manager = Place.manager(engine)) {
                for (int size : new int[] {4, 1}) {
                    double[] off = new double[size];
                    Arrays.fill(off, size == 4 ? 1 : 10);
                    NDList labels =
                            new NDList(Nd.create(manager, new double[size], new Shape(size), type));
                    NDList predictions = new NDList(Nd.create(manager, off, new Shape(size), type));
                    for (AbstractLoss loss : List.of(mean, sum, none)) {
                        loss.updateAccumulators(
                                new String[] {"train", "epoch"}, labels, predictions);
                    }
                }
            }
            assertEquals(mean.getAccumulatorAsDouble("epoch"), 20.8, 1e-12);
            assertEquals(mean.getAccumulator("train"), 20.8f);
            assertEquals(sum.getAccumulatorAsDouble("epoch"), 104, 1e-12);
            assertEquals(none.getAccumulatorAsDouble("epoch"), 20.8, 1e-12);
            mean.resetAccumulator("train");
            assertTrue(Double.isNaN(mean.getAccumulatorAsDouble("train")), "reset");
            assertEquals(mean.getAccumulatorAsDouble("epoch"), 20.8, 1e-12);
        }
    }

    @Test(dataProvider = "engines")
    public void classWeightsCountInTheMeanOfAnEpoch(String engine) {
        AbstractLoss loss = CrossEntropyLoss.builder().optWeight(1, 3).optIgnoreIndex(-1).build();
        loss.addAccumulator("epoch");
        try (NDManager manager = Place.manager(engine)) {
            NDList logits = list(manager, new Shape(1, 2), Math.log(4), 0);
            for (long target : new long[] {0, 1, -1}) {
                NDList label = new NDList(Nd.create(manager, new long[] {target}, new Shape(1)));
                loss.updateAccumulator("epoch", label, logits);
            }
        }
        double expected = (Math.log(1.25) + 3 * Math.log(5)) / 4;
        assertEquals(loss.getAccumulatorAsDouble("epoch"), expected, 1e-6);
    }

    @Test
    public void anUnknownAccumulatorIsNamed() {
        AbstractLoss mine = L1Loss.builder().optName("mine").build();
        for (Runnable use :
                new Runnable[] {
                    () -> mine.getAccumulator("epoch"), () -> mine.resetAccumulator("epoch")
                }) {
            IllegalArgumentException e = expectThrows(IllegalArgumentException.class, use::run);
            assertEquals(
                    e.getMessage(),
                    "mine: accumulator 'epoch' must be added with addAccumulator first");
        }
    }

    @Test
    public void threadsShareALoss() throws Exception {
        AbstractLoss loss = Losses.mseLoss();
        loss.addAccumulator("epoch");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> futures =
                    IntStream.range(0, 4)
                            .<Future<?>>mapToObj(i -> threads.submit(() -> update(loss, i)))
                            .toList();
            for (Future<?> future : futures) {
                future.get();
            }
        } finally {
            threads.shutdown();
        }
        // 0, 1, 4 and 9, a hundred times each.
        assertEquals(loss.getAccumulatorAsDouble("epoch"), 3.5);
    }

    private static void update(Loss loss, int off) {
        try (NDManager manager = Place.manager("PyTorch")) {
            for (int i = 0; i < 100; i++) {
                loss.updateAccumulator(
                        "epoch", list(manager, new Shape(1), 0), list(manager, new Shape(1), off));
            }
        }
    }

    @Test(dataProvider = "engines")
    public void partsMergeWithTheirGradient(String engine) {
        Engine named = Engine.getEngine(engine);
        try (NDManager manager = Place.manager(named)) {
            NDList labels = list(manager, new Shape(3), 0, 0, 0);
            NDArray x = list(manager, new Shape(3), 1, 2, 6).get(0);
            x.setRequiresGradient(true);
            AbstractLoss loss = Losses.mseLoss();
            try (GradientCollector collector = named.newGradientCollector()) {
                NDList numerators = new NDList();
                double count = 0;
                for (String part : new String[] {"0:1", "1:3"}) {
                    NDList label = new NDList(labels.get(0).get(part));
                    Fraction fraction = loss.fraction(label, new NDList(x.get(part)));
                    numerators.add(fraction.numerator());
                    count += fraction.denominator().getFloat();
                }
                NDArray mean = numerators.get(0).add(numerators.get(1)).div((float) count);
                assertEquals(mean.getFloat(), 41f / 3, 1e-5f);
                collector.backward(mean);
            }
            assertEquals(
                    Outcome.difference(
                            new double[] {2 / 3.0, 4 / 3.0, 4},
                            Nd.toDoubles(x.getGradient()),
                            1e-6,
                            0),
                    null);
        }
    }

    // ------------------------------------------------------------------ nothing to average

    private static <T extends LossBuilder<?, T>> T with(T builder, EmptyPolicy policy) {
        return builder.optEmptyPolicy(policy);
    }

    @Test(dataProvider = "engines")
    public void anEmptyMeanFollowsThePolicy(String engine) {
        Data nothing = new Data("float", new Shape(0, 2), new double[0]);
        Data logits = Data.of(new Shape(2, 3), 0.5);
        GoldenRow empty = row(List.of(nothing), List.of(nothing));
        GoldenRow ignored =
                row(
                        List.of(new Data("int64", new Shape(2), new double[] {-1, -1})),
                        List.of(logits));
        GoldenRow masked = row(List.of(logits, Data.of(new Shape(2), 0)), List.of(logits));
        for (EmptyPolicy policy : EmptyPolicy.values()) {
            mean(engine, with(MSELoss.builder(), policy).build(), empty, policy);
            mean(
                    engine,
                    with(CrossEntropyLoss.builder().optIgnoreIndex(-1), policy).build(),
                    ignored,
                    policy);
            mean(
                    engine,
                    with(MSELoss.builder(), policy)
                            .optSampleWeighting(SampleWeighting.MASK)
                            .build(),
                    masked,
                    policy);
            mean(
                    engine,
                    with(MSELoss.builder(), policy)
                            .optSampleWeighting(SampleWeighting.MEAN_BY_WEIGHT)
                            .build(),
                    masked,
                    policy);
            // A sum over nothing is 0, whatever the policy.
            MSELoss sum = with(MSELoss.builder(), policy).optReduction(Reduction.SUM).build();
            assertEquals(Outcome.of(engine, sum, empty, DataType.FLOAT32).value()[0], 0.0);
        }
    }

    private static void mean(String engine, AbstractLoss loss, GoldenRow row, EmptyPolicy policy) {
        if (policy == EmptyPolicy.ERROR) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Outcome.of(engine, loss, row, DataType.FLOAT32));
            return;
        }
        Outcome outcome = Outcome.of(engine, loss, row, DataType.FLOAT32);
        double expected = policy == EmptyPolicy.NAN ? Double.NaN : 0;
        assertEquals(outcome.value()[0], expected);
        for (double gradient : outcome.gradients().get(0)) {
            assertEquals(gradient, 0.0);
        }
        loss.addAccumulator("epoch");
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
            loss.updateAccumulator("epoch", labels, predictions);
            assertEquals(loss.getAccumulatorAsDouble("epoch"), expected);
        }
    }

    // ------------------------------------------------------------------ weights and masks

    @Test(dataProvider = "engines")
    public void sampleWeightsMeanWhatTheyAreNamed(String engine) {
        // Squared errors 1, 4 | 9, 16, weighted 2 | 0.5 by row.
        double[] weighted = {2, 8, 4.5, 8};
        double[] row = {2, 0.5};
        weighting(engine, SampleWeighting.MEAN_BY_WEIGHT, new Shape(2), row, weighted, 22.5 / 5);
        weighting(engine, SampleWeighting.MEAN_BY_COUNT, new Shape(2), row, weighted, 22.5 / 4);
        weighting(engine, SampleWeighting.MEAN_BY_COUNT, new Shape(2, 1), row, weighted, 22.5 / 4);
        double[] column = {1, 0};
        double[] shown = {1, 0, 9, 0};
        weighting(engine, SampleWeighting.MASK, new Shape(1, 2), column, shown, 5);
        weighting(engine, SampleWeighting.MEAN_BY_WEIGHT, new Shape(1, 2), column, shown, 5);
        weighting(engine, SampleWeighting.MEAN_BY_COUNT, new Shape(1, 2), column, shown, 2.5);
        double[] first = {1, 4, 0, 0};
        weighting(engine, SampleWeighting.MASK, new Shape(2), column, first, 2.5);
    }

    private static void weighting(
            String engine,
            SampleWeighting weighting,
            Shape shape,
            double[] weight,
            double[] values,
            double mean) {
        Data label = Data.of(new Shape(2, 2), 0);
        Data prediction = new Data("float", new Shape(2, 2), new double[] {1, 2, 3, 4});
        double total = Arrays.stream(values).sum();
        for (String type : new String[] {"float", "int64"}) {
            boolean whole = Arrays.stream(weight).allMatch(w -> w == Math.rint(w));
            if (type.equals("int64") && !whole) {
                continue;
            }
            GoldenRow row = row(List.of(label, new Data(type, shape, weight)), List.of(prediction));
            String what = weighting + " " + shape + " " + type;
            for (Reduction reduction :
                    new Reduction[] {Reduction.NONE, Reduction.SUM, Reduction.MEAN}) {
                MSELoss loss =
                        MSELoss.builder()
                                .optSampleWeighting(weighting)
                                .optReduction(reduction)
                                .build();
                Outcome outcome = Outcome.of(engine, loss, row, DataType.FLOAT64);
                double divisor = reduction == Reduction.MEAN ? total / mean : 1;
                double[] expected =
                        reduction == Reduction.NONE ? values : new double[] {total / divisor};
                assertEquals(Outcome.difference(expected, outcome.value(), 1e-12, 0), null, what);
                double[] gradient = new double[4];
                Arrays.setAll(gradient, i -> 2 * values[i] / prediction.values()[i] / divisor);
                double[] actual = outcome.gradients().get(0);
                assertEquals(Outcome.difference(gradient, actual, 1e-12, 0), null, what);
            }
        }
    }

    @Test(dataProvider = "engines")
    public void aBooleanMaskHidesEvenNaN(String engine) {
        Engine named = Engine.getEngine(engine);
        try (NDManager manager = Place.manager(named)) {
            NDArray mask = Nd.create(manager, new long[] {1, 0}, new Shape(2)).neq(0);
            NDList labels = list(manager, new Shape(2), 1, Double.NaN);
            labels.add(mask);
            NDList predictions = list(manager, new Shape(2), 3, Double.POSITIVE_INFINITY);
            predictions.get(0).setRequiresGradient(true);
            MSELoss loss = MSELoss.builder().optSampleWeighting(SampleWeighting.MASK).build();
            try (GradientCollector collector = named.newGradientCollector()) {
                NDArray value = loss.evaluate(labels, predictions);
                assertEquals(value.getFloat(), 4f);
                collector.backward(value);
            }
            assertEquals(Nd.toDoubles(predictions.get(0).getGradient()), new double[] {4, 0});
        }
    }

    // ------------------------------------------------------------------ data types

    @Test(dataProvider = "engines")
    public void halfPrecisionIsComputedInSingle(String engine) {
        Engine named = Engine.getEngine(engine);
        try (NDManager manager = Place.manager(named)) {
            // 300² is beyond the range of FLOAT16.
            NDArray x = list(manager, new Shape(2), 300, 1).get(0).toType(DataType.FLOAT16, false);
            NDArray label = Nd.create(manager, new long[] {0, 0}, new Shape(2));
            if (engine.equals("MXNet")) {
                // Which has no gradients of this type.
                NDArray value = Losses.mseLoss().evaluate(new NDList(label), new NDList(x));
                assertEquals(value.getFloat(), 45000.5f);
                return;
            }
            x.setRequiresGradient(true);
            try (GradientCollector collector = named.newGradientCollector()) {
                NDArray value = Losses.mseLoss().evaluate(new NDList(label), new NDList(x));
                assertEquals(value.getDataType(), DataType.FLOAT32);
                assertEquals(value.getFloat(), 45000.5f);
                collector.backward(value);
            }
            assertEquals(Nd.toDoubles(x.getGradient()), new double[] {300, 1});
        }
    }

    // ------------------------------------------------------------------ helpers

    private static NDList list(NDManager manager, Shape shape, double... values) {
        return new NDList(Nd.create(manager, values, shape, DataType.FLOAT32));
    }

    private static GoldenRow row(Shape shape, double[] label, double[] prediction) {
        return row(
                List.of(new Data("float", shape, label)),
                List.of(new Data("float", shape, prediction)));
    }

    private static GoldenRow row(List<Data> labels, List<Data> predictions) {
        return GoldenRow.of(labels, predictions);
    }
}
