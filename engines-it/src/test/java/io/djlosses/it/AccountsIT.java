/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertNull;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.EmptyPolicy;
import io.djlosses.api.Fraction;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;
import io.djlosses.api.SampleWeighting;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * What evaluations, fractions and accumulators of every loss say in every reading: under every
 * reduction, and where there is nothing to average.
 */
public class AccountsIT {

    /** The most rows of a loss. */
    private static final int ROWS = 2;

    private static final DataType[] TYPES = {DataType.FLOAT32, DataType.FLOAT64};

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    // ------------------------------------------------------------------ nothing to average

    /** What hides or weighs away every value leaves a mean of nothing, whose gradient is zero. */
    @Test(dataProvider = "enginesAndLosses")
    public void weightsOfZeroFollowThePolicy(String engine, Class<? extends Loss> type) {
        Tally.check(
                "AccountsIT.weightsOfZeroFollowThePolicy",
                type,
                GoldenRow.some(type, ROWS),
                row -> {
                    GoldenRow plain = unweighted(row);
                    for (SampleWeighting weighting :
                            List.of(
                                    SampleWeighting.MASK,
                                    SampleWeighting.MEAN_BY_WEIGHT,
                                    SampleWeighting.MEAN_BY_COUNT)) {
                        List<Data> labels = new ArrayList<>(plain.labels());
                        labels.add(Data.of(leading(engine, type, plain), 0));
                        JsonObject options = plain.optionsWith("MEAN");
                        options.addProperty("sampleWeighting", weighting.name());
                        boolean nothing =
                                weighting != SampleWeighting.MEAN_BY_COUNT
                                        || isEmpty(engine, type, plain);
                        String fault =
                                fault(
                                        engine,
                                        type,
                                        options,
                                        plain.with(labels, plain.predictions()),
                                        nothing);
                        if (fault != null) {
                            return Verdict.of(weighting + ", " + fault);
                        }
                    }
                    return Verdict.PASSED;
                });
    }

    @Test(dataProvider = "enginesAndLosses")
    public void ignoredTargetsFollowThePolicy(String engine, Class<? extends Loss> type) {
        for (GoldenRow row : GoldenRow.seeds(type)) {
            if (!row.has("ignoreIndex") || row.labels().get(0).isFloating()) {
                continue;
            }
            List<Data> labels = new ArrayList<>(row.labels());
            double ignored = row.options().get("ignoreIndex").getAsDouble();
            labels.set(0, labels.get(0).map(y -> ignored));
            GoldenRow nothing = row.with(labels, row.predictions());
            JsonObject options = row.optionsWith("MEAN");
            if (isQuotient(type)) {
                continue; // of sums over the batch: nothing overlaps with nothing, which is 1
            }
            String fault = fault(engine, type, options, nothing, true);
            assertNull(fault, row + ": " + fault);
        }
    }

    private static boolean isQuotient(Class<? extends Loss> type) {
        return Declarations.of(type).has(Trait.WHOLE_BATCH);
    }

    /** Returns a row without the sample weights that it may have. */
    private static GoldenRow unweighted(GoldenRow row) {
        if (!row.has("sampleWeighting")) {
            return row;
        }
        JsonObject options = row.options().deepCopy();
        options.remove("sampleWeighting");
        List<Data> labels = row.labels().subList(0, row.labels().size() - 1);
        return new GoldenRow(
                row.loss(),
                row.id(),
                options,
                labels,
                row.predictions(),
                row.value(),
                null,
                row.gradients(),
                row.json());
    }

    /** Tells whether a row has nothing to average even without weights. */
    private static boolean isEmpty(String engine, Class<? extends Loss> type, GoldenRow row) {
        AbstractLoss loss = (AbstractLoss) Catalogue.build(type, row.optionsWith("MEAN"), null);
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
            return Nd.toDoubles(loss.fraction(labels, predictions).denominator())[0] == 0;
        }
    }

    /** Returns the first axis of the unreduced values. */
    private static Shape leading(String engine, Class<? extends Loss> type, GoldenRow row) {
        Shape shape = row.predictions().get(0).shape();
        if (!Declarations.of(type).has(Trait.MEAN_ONLY)) {
            Loss none = Catalogue.build(type, row.optionsWith("NONE"), null);
            try (NDManager manager = Place.manager(engine)) {
                NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                shape = none.evaluate(labels, predictions).getShape();
            }
        }
        return shape.isScalar() ? shape : shape.slice(0, 1);
    }

    /** Says what is not as the policy has it, in any reading. */
    private static @Nullable String fault(
            String engine,
            Class<? extends Loss> type,
            JsonObject options,
            GoldenRow row,
            boolean nothing) {
        for (EmptyPolicy policy : EmptyPolicy.values()) {
            options.addProperty("emptyPolicy", policy.name());
            for (Choice reading : Choice.of(engine)) {
                for (DataType dataType : TYPES) {
                    AbstractLoss loss = (AbstractLoss) Catalogue.build(type, options, reading);
                    String where = policy + ", " + reading + ", " + dataType + ": ";
                    double expected = nothing && policy != EmptyPolicy.ZERO ? Double.NaN : 0;
                    String fault = accumulated(engine, loss, row, dataType, expected);
                    if (fault != null) {
                        return where + fault;
                    }
                    for (Loss reader : new Loss[] {loss, divided(loss), valued(loss)}) {
                        if (nothing && policy == EmptyPolicy.ERROR) {
                            expectThrows(
                                    IllegalArgumentException.class,
                                    () -> Outcome.of(engine, reader, row, dataType));
                            continue;
                        }
                        Outcome outcome = outcome(engine, reader, row, dataType);
                        if (Double.compare(outcome.value()[0] + 0.0, expected) != 0) {
                            return where + reader.getName() + " is " + outcome.value()[0];
                        }
                        for (double[] gradient : outcome.gradients()) {
                            if (!Arrays.stream(gradient).allMatch(g -> g == 0)) {
                                return where
                                        + reader.getName()
                                        + " has the gradient "
                                        + Arrays.toString(gradient);
                            }
                        }
                    }
                }
            }
        }
        return null;
    }

    private static Outcome outcome(String engine, Loss reader, GoldenRow row, DataType type) {
        if (!reader.getName().equals("value")) {
            return Outcome.of(engine, reader, row, type, null, 1);
        }
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, type);
            NDArray value = reader.evaluate(labels, Data.arrays(row.predictions(), manager, type));
            return new Outcome(type, value.getShape(), Nd.toDoubles(value), List.of());
        }
    }

    private static @Nullable String accumulated(
            String engine, AbstractLoss loss, GoldenRow row, DataType type, double expected) {
        loss.addAccumulator("epoch");
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, type);
            NDList predictions = Data.arrays(row.predictions(), manager, type);
            loss.updateAccumulator("epoch", labels, predictions);
        }
        double actual = loss.getAccumulatorAsDouble("epoch") + 0.0;
        return Double.compare(actual, expected) == 0 ? null : "the accumulator is " + actual;
    }

    private static Loss divided(AbstractLoss loss) {
        return new Loss("fraction") {
            @Override
            public NDArray evaluate(NDList labels, NDList predictions) {
                return loss.fraction(labels, predictions).value();
            }
        };
    }

    private static Loss valued(AbstractLoss loss) {
        return new Loss("value") {
            @Override
            public NDArray evaluate(NDList labels, NDList predictions) {
                return loss.value(labels, predictions);
            }
        };
    }

    // ------------------------------------------------------------------ reductions

    /** The parts of a batch give the whole under every reduction that can be merged. */
    @Test(dataProvider = "enginesAndLosses")
    public void partsMergeUnderEveryReduction(String engine, Class<? extends Loss> type) {
        if (isQuotient(type)) {
            return;
        }
        Tally.check(
                "AccountsIT.partsMergeUnderEveryReduction",
                type,
                GoldenRow.some(
                        GoldenRow.seeds(type).stream()
                                .filter(row -> batch(type, row) != null)
                                .toList(),
                        ROWS),
                row -> {
                    Batch batch = Objects.requireNonNull(batch(type, row));
                    boolean meanOnly = Declarations.of(type).has(Trait.MEAN_ONLY);
                    for (Reduction reduction :
                            meanOnly
                                    ? List.of(Reduction.MEAN)
                                    : List.of(
                                            Reduction.SUM,
                                            Reduction.MEAN,
                                            Reduction.BATCH_MEAN,
                                            Reduction.NONE,
                                            Reduction.of("SPREAD", x -> x.max().sub(x.min())))) {
                        for (Choice reading : Choice.of(engine)) {
                            String fault = parts(engine, type, row, batch, reduction, reading);
                            if (fault != null) {
                                return Verdict.of(reduction + ", " + reading + ": " + fault);
                            }
                        }
                    }
                    return Verdict.PASSED;
                },
                Trait.NO_BATCH);
    }

    private static @Nullable Batch batch(Class<? extends Loss> type, GoldenRow row) {
        return Batch.of(row, Catalogue.build(type, row.options(), null));
    }

    private static @Nullable String parts(
            String engine,
            Class<? extends Loss> type,
            GoldenRow row,
            Batch batch,
            Reduction reduction,
            Choice reading) {
        LossBuilder<?, ?> builder =
                (LossBuilder<?, ?>) Catalogue.builder(type, row.optionsWith(null));
        AbstractLoss loss =
                (AbstractLoss) Catalogue.build(reading.on(builder.optReduction(reduction)));
        boolean custom = reduction.toString().equals("SPREAD");
        loss.addAccumulator("epoch");
        try (NDManager manager = Place.manager(engine)) {
            Fraction merged = null;
            double sum = 0;
            for (int[] part : batch.parts()) {
                GoldenRow samples = batch.take(row, part);
                NDList labels = Data.arrays(samples.labels(), manager, DataType.FLOAT64);
                NDList predictions = Data.arrays(samples.predictions(), manager, DataType.FLOAT64);
                loss.updateAccumulator("epoch", labels, predictions);
                if (custom) {
                    sum += Nd.toDoubles(loss.value(labels, predictions))[0];
                    expectThrows(
                            IllegalStateException.class, () -> loss.fraction(labels, predictions));
                } else {
                    Fraction fraction = loss.fraction(labels, predictions);
                    merged = merged == null ? fraction : merged.plus(fraction);
                }
            }
            if (custom) {
                return near("accumulator", sum / 2, loss.getAccumulatorAsDouble("epoch"));
            }
            // Unreduced values are kept as their mean.
            Reduction whole = reduction == Reduction.NONE ? Reduction.MEAN : reduction;
            LossBuilder<?, ?> all =
                    (LossBuilder<?, ?>) Catalogue.builder(type, row.optionsWith(null));
            AbstractLoss once = (AbstractLoss) Catalogue.build(reading.on(all.optReduction(whole)));
            double expected =
                    Nd.toDoubles(
                            once.value(
                                    Data.arrays(row.labels(), manager, DataType.FLOAT64),
                                    Data.arrays(row.predictions(), manager, DataType.FLOAT64)))[0];
            String fault = near("accumulator", expected, loss.getAccumulatorAsDouble("epoch"));
            return fault == null && merged != null
                    ? near("fraction", expected, Nd.toDoubles(merged.value())[0])
                    : fault;
        }
    }

    private static @Nullable String near(String what, double expected, double actual) {
        String fault =
                Outcome.difference(new double[] {expected}, new double[] {actual}, 1e-11, 1e-14);
        return fault == null ? null : what + fault;
    }
}
