/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.Fraction;
import io.djlosses.check.LossCheck;
import io.djlosses.check.Report;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeMethod;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What holds for every loss, on every engine. The inputs are those of the golden rows; what a row
 * expects plays no part.
 */
public class PropertyIT {

    private static final Verdict NO_BATCH = Verdict.skipped("no batch of two or more");

    /** So many elements that a reading which walks in blocks has to. */
    private static final int MANY = 150_000;

    /** The test that runs, which is the property that is counted. */
    private String property = "";

    @BeforeMethod
    public void remember(Method test) {
        property = test.getName();
    }

    @AfterClass
    public void report() throws IOException {
        Tally.report(PropertyIT.class);
    }

    @DataProvider
    public Object[][] losses() {
        return Catalogue.each();
    }

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    // ------------------------------------------------------------------ reduction

    @Test(dataProvider = "enginesAndLosses")
    public void sumAndMeanAreTheReducedNone(String engine, Class<? extends Loss> type) {
        if (isExempt(type, Trait.MEAN_ONLY)) {
            return;
        }
        forEachSeed(
                type,
                row -> {
                    Loss none = Catalogue.build(type, row.optionsWith("NONE"), null);
                    double[] values = value(engine, none, row);
                    double total = Arrays.stream(values).sum();
                    Loss sum = Catalogue.build(type, row.optionsWith("SUM"), null);
                    String fault = near("SUM", total, value(engine, sum, row)[0]);
                    JsonObject options = row.optionsWith("MEAN");
                    Loss mean = Catalogue.build(type, options, null);
                    // One for each call, as some remember.
                    if (fault == null
                            && Catalogue.build(type, options, null)
                                    instanceof AbstractLoss template) {
                        double[] fraction = fraction(engine, template, row);
                        double actual = value(engine, mean, row)[0];
                        if (fraction[1] == values.length && !has(type, Trait.MEAN_SCALES_VALUES)) {
                            fault = near("MEAN", total / values.length, actual);
                        } else {
                            fault = near("MEAN", fraction[2], actual);
                            if (fault == null && fraction[1] != 0) {
                                fault = near("MEAN", fraction[0] / fraction[1], actual);
                            }
                        }
                    }
                    return Verdict.of(fault);
                });
    }

    // ------------------------------------------------------------------ batches

    @Test(dataProvider = "enginesAndLosses")
    public void theOrderOfTheBatchDoesNotMatter(String engine, Class<? extends Loss> type) {
        forEachSeed(
                type,
                row -> {
                    JsonObject options = reduced(row);
                    Batch batch = Batch.of(row, Catalogue.build(type, options, null));
                    if (batch == null) {
                        return NO_BATCH;
                    }
                    int[] order = batch.rotated();
                    Outcome one = plain(engine, type, options, row);
                    if (one == null) {
                        return Verdict.skipped("a value a sample");
                    }
                    Outcome other = plain(engine, type, options, batch.take(row, order));
                    if (other == null) {
                        return Verdict.of("another shape after reordering");
                    }
                    String fault = near("value", one.value()[0], other.value()[0]);
                    for (int i = 0; fault == null && i < one.gradients().size(); i++) {
                        double[] expected = batch.reorder(row, i, one.gradients().get(i), order);
                        fault =
                                Outcome.difference(
                                        expected, other.gradients().get(i), 1e-11, 1e-15);
                    }
                    return Verdict.of(fault);
                },
                Trait.NO_BATCH);
    }

    @Test(dataProvider = "enginesAndLosses")
    public void partsOfABatchMergeIntoTheWhole(String engine, Class<? extends Loss> type) {
        if (isExempt(type, Trait.WHOLE_BATCH)) {
            return;
        }
        forEachSeed(
                type,
                row -> {
                    for (String reduction : new String[] {"SUM", "MEAN"}) {
                        if (reduction.equals("SUM") && has(type, Trait.MEAN_ONLY)) {
                            continue;
                        }
                        Loss loss = Catalogue.build(type, row.optionsWith(reduction), null);
                        Batch batch = Batch.of(row, loss);
                        if (batch == null || !(loss instanceof AbstractLoss template)) {
                            return NO_BATCH;
                        }
                        double[] values = value(engine, loss, row);
                        if (values.length != 1) {
                            return Verdict.of(reduction + " gave " + values.length + " values");
                        }
                        double[] whole = fraction(engine, template, row);
                        double[] merged = new double[2];
                        loss.addAccumulator("epoch");
                        for (int[] part : batch.parts()) {
                            GoldenRow samples = batch.take(row, part);
                            double[] fraction = fraction(engine, template, samples);
                            merged[0] += fraction[0];
                            merged[1] += fraction[1];
                            update(engine, loss, samples);
                        }
                        double divisor = reduction.equals("SUM") ? 1 : merged[1];
                        double wholeDivisor = reduction.equals("SUM") ? 1 : whole[1];
                        String fault =
                                near(
                                        reduction + " by fractions",
                                        whole[0] / wholeDivisor,
                                        merged[0] / divisor);
                        if (fault == null) {
                            double epoch = template.getAccumulatorAsDouble("epoch");
                            fault = near(reduction + " by accumulators", values[0], epoch);
                        }
                        if (fault != null) {
                            return Verdict.of(fault);
                        }
                    }
                    return Verdict.PASSED;
                },
                Trait.NO_BATCH);
    }

    // ------------------------------------------------------------------ numbers

    @Test(dataProvider = "enginesAndLosses")
    public void nanInNanOut(String engine, Class<? extends Loss> type) {
        forEachSeed(
                type,
                row -> {
                    if (row.options().toString().contains("MASK")) {
                        return Verdict.skipped("what a mask hides may be NaN");
                    }
                    Loss loss = Catalogue.build(type, row.options(), null);
                    int tried = 0;
                    for (int i = 0; i < row.predictions().size(); i++) {
                        Data gradient = row.gradients().get(i);
                        if (gradient == null || gradient.isZero()) {
                            continue; // what does not matter, such as ignored samples, may be NaN
                        }
                        tried++;
                        List<Data> predictions = new ArrayList<>(row.predictions());
                        Data data = predictions.get(i);
                        predictions.set(i, data.map(x -> Double.NaN));
                        double[] values = value(engine, loss, row.with(row.labels(), predictions));
                        if (Arrays.stream(values).noneMatch(Double::isNaN)) {
                            return Verdict.of(
                                    "predictions["
                                            + i
                                            + "] of NaN gave "
                                            + Arrays.toString(values));
                        }
                        // Where every element stands for itself, a single one is seen as well.
                        for (int k = 0;
                                loss instanceof ElementwiseLoss && k < data.values().length;
                                k++) {
                            predictions.set(i, data.with(k, Double.NaN));
                            values = value(engine, loss, row.with(row.labels(), predictions));
                            if (!Double.isNaN(values[values.length == 1 ? 0 : k])) {
                                return Verdict.of(
                                        "element " + k + " of NaN gave " + Arrays.toString(values));
                            }
                        }
                    }
                    return tried == 0 ? Verdict.skipped("no prediction matters") : Verdict.PASSED;
                });
    }

    @Test(dataProvider = "enginesAndLosses")
    public void largePredictionsGiveFiniteValuesAndGradients(
            String engine, Class<? extends Loss> type) {
        if (isExempt(type, Trait.BOUNDED)) {
            return;
        }
        forEachSeed(
                type,
                row -> {
                    List<Data> predictions = new ArrayList<>();
                    Random random = new Random(7);
                    for (Data data : row.predictions()) {
                        predictions.add(data.map(x -> random.nextBoolean() ? 1e4 : -1e4));
                    }
                    GoldenRow large = row.with(row.labels(), predictions);
                    for (DataType dataType : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
                        for (Choice reading : Choice.of(engine)) {
                            Loss loss = Catalogue.build(type, row.options(), reading);
                            Outcome outcome = Outcome.of(engine, loss, large, dataType);
                            String where = dataType + ", " + reading + ": ";
                            if (!finite(outcome.value())) {
                                return Verdict.of(
                                        where + "value " + Arrays.toString(outcome.value()));
                            }
                            for (double[] gradient : outcome.gradients()) {
                                if (!finite(gradient)) {
                                    return Verdict.of(
                                            where + "gradient " + Arrays.toString(gradient));
                                }
                            }
                        }
                    }
                    return Verdict.PASSED;
                });
    }

    // ------------------------------------------------------------------ readings

    @Test(dataProvider = "enginesAndLosses")
    public void readingsAgreeOnManyElements(String engine, Class<? extends Loss> type) {
        forEachSeed(
                type,
                row -> {
                    if (!isRepeatable(type, row)) {
                        return Verdict.skipped("no batch that can be repeated");
                    }
                    GoldenRow many = repeated(row);
                    Outcome exact = null;
                    for (DataType dataType : new DataType[] {DataType.FLOAT64, DataType.FLOAT32}) {
                        double rtol = dataType == DataType.FLOAT32 ? 1e-6 : 1e-12;
                        for (Choice reading : Choice.of(engine)) {
                            Loss loss = Catalogue.build(type, row.optionsWith(null), reading);
                            Outcome outcome = Outcome.of(engine, loss, many, dataType, null, 1);
                            exact = exact == null ? outcome : exact;
                            String fault = difference(exact, outcome, rtol, 1e-8);
                            if (fault != null) {
                                return Verdict.of(
                                        engine + ", " + dataType + ", " + reading + fault);
                            }
                        }
                    }
                    return Verdict.PASSED;
                },
                Trait.NOT_REPEATABLE);
    }

    /** An operation that ignores how an array lies in memory takes other numbers than are meant. */
    @Test(dataProvider = "losses")
    public void viewsAreAsGoodAsArrays(Class<? extends Loss> type) {
        String engine = Outcome.engines().get(0); // the other one copies
        forEachSeed(
                type,
                row -> {
                    List<GoldenRow> sizes = new ArrayList<>(List.of(row));
                    if (isRepeatable(type, row)) {
                        sizes.add(repeated(row));
                    }
                    for (GoldenRow size : sizes) {
                        for (Choice reading : List.of(Choice.AUTO, Choice.SCRIPT)) {
                            Outcome plain = null;
                            for (Layout layout : Layout.values()) {
                                Loss loss = Catalogue.build(type, row.optionsWith(null), reading);
                                Outcome view =
                                        Outcome.of(
                                                engine,
                                                loss,
                                                size,
                                                DataType.FLOAT32,
                                                null,
                                                1,
                                                layout);
                                plain = plain == null ? view : plain;
                                String fault = difference(plain, view, 1e-6, 1e-8);
                                if (fault != null) {
                                    return Verdict.of(layout + ", " + reading + fault);
                                }
                            }
                        }
                    }
                    return Verdict.PASSED;
                });
    }

    /** Tells whether floating-point labels are class indices. */
    private static boolean holdsIndices(Class<? extends Loss> type, GoldenRow row) {
        return has(type, Trait.INDEX_LABELS)
                && Arrays.stream(row.labels().get(0).values()).allMatch(y -> y == Math.rint(y));
    }

    private static @Nullable String difference(
            Outcome expected, Outcome actual, double rtol, double atol) {
        // The logarithm of a number near 1 is as exact as the number.
        String fault = Outcome.difference(expected.value(), actual.value(), rtol, atol);
        for (int i = 0; fault == null && i < expected.gradients().size(); i++) {
            fault =
                    Outcome.difference(
                            expected.gradients().get(i), actual.gradients().get(i), rtol, 0);
        }
        return fault;
    }

    /** Tells whether a row is a batch that can be repeated. */
    static boolean isRepeatable(Class<? extends Loss> type, GoldenRow row) {
        Shape shape = row.predictions().get(0).shape();
        return shape.dimension() > 1
                && !Declarations.of(type).has(Trait.NOT_REPEATABLE)
                && !Batch.hasWeightsOfSamples(row)
                // Not several numbers that all samples share: their gradients are sums over the
                // batch
                // of numbers of both signs, of which FLOAT32 keeps four digits, in PyTorch too.
                && row.predictions().stream().noneMatch(x -> isShared(x, shape))
                // not a prediction that is broadcast to many labels
                && (shape.get(0) > 1
                        || row.labels().stream()
                                .map(Data::shape)
                                .noneMatch(label -> label.dimension() > 0 && label.get(0) > 1));
    }

    private static boolean isShared(Data x, Shape batch) {
        return x.shape().dimension() == batch.dimension()
                && x.shape().get(0) == 1
                && batch.get(0) > 1
                && x.values().length > 1;
    }

    /** Repeats a batch of numbers that every data type can hold until it is large. */
    static GoldenRow repeated(GoldenRow row) {
        Data largest =
                Collections.max(
                        row.predictions(), Comparator.comparingInt(data -> data.values().length));
        int times = MANY / largest.values().length + 1;
        long batch = row.predictions().get(0).shape().get(0);
        UnaryOperator<Data> repeat =
                data ->
                        data.shape().dimension() > 0 && data.shape().get(0) == batch
                                ? Data.concat(Collections.nCopies(times, data)).map(x -> (float) x)
                                : data;
        return row.with(
                row.labels().stream().map(repeat).toList(),
                row.predictions().stream().map(repeat).toList());
    }

    // ------------------------------------------------------------------ gradients

    @Test(dataProvider = "losses")
    public void gradientsAreFiniteDifferences(Class<? extends Loss> type) {
        forEachSmoothSeed(
                type,
                row -> {
                    Report report = check(type, jittered(row), row.options(), false);
                    return Verdict.of(report.passed() ? null : report.failures().toString());
                });
    }

    @Test(dataProvider = "losses")
    public void gradientsOfLabelsAreFiniteDifferences(Class<? extends Loss> type) {
        if (isExempt(type, Trait.DISCRETE_LABELS)) {
            return;
        }
        forEachSmoothSeed(
                type,
                row -> {
                    if (!hasNumbersForLabels(type, row)) {
                        return Verdict.skipped("no label that a gradient could move");
                    }
                    JsonObject options = row.options().deepCopy();
                    options.addProperty("labelGradient", true);
                    Report report = check(type, withJitteredLabels(jittered(row)), options, true);
                    return Verdict.of(report.passed() ? null : report.failures().toString());
                },
                // What takes class indices alone; what takes probabilities as well has rows of
                // them.
                GoldenRow.seeds(type).stream().anyMatch(row -> hasNumbersForLabels(type, row))
                        ? Trait.NO_LABELS
                        : Trait.INDEX_LABELS,
                Trait.NO_LABELS);
    }

    /** Tells whether labels are numbers that a gradient could move. */
    private static boolean hasNumbersForLabels(Class<? extends Loss> type, GoldenRow row) {
        return !row.labels().isEmpty()
                && !row.has("sampleWeighting")
                && row.labels().stream().allMatch(Data::isFloating)
                && !holdsIndices(type, row)
                && Catalogue.method(Catalogue.builder(type), "optLabelGradient") != null;
    }

    @Test(dataProvider = "enginesAndLosses")
    public void theGradientGrowsWithWhatComesFromAbove(String engine, Class<? extends Loss> type) {
        forEachSeed(
                type,
                row -> {
                    for (Choice reading : Choice.of(engine)) {
                        Loss first = Catalogue.build(type, row.options(), reading);
                        Outcome one = Outcome.of(engine, first, row, DataType.FLOAT64);
                        Loss second = Catalogue.build(type, row.options(), reading);
                        Outcome three =
                                Outcome.of(engine, second, row, DataType.FLOAT64, row.head(), 3);
                        for (int i = 0; i < one.gradients().size(); i++) {
                            double[] expected =
                                    Arrays.stream(one.gradients().get(i)).map(g -> 3 * g).toArray();
                            String fault =
                                    Outcome.difference(
                                            expected, three.gradients().get(i), 1e-13, 1e-14);
                            if (fault != null) {
                                return Verdict.of(reading + ": predictions[" + i + "]" + fault);
                            }
                        }
                    }
                    return Verdict.PASSED;
                });
    }

    /** What labels were computed from learns nothing, unless asked for. */
    @Test(dataProvider = "enginesAndLosses")
    public void labelsAreConstants(String engine, Class<? extends Loss> type) {
        Engine named = Engine.getEngine(engine);
        forEachSeed(
                type,
                row -> {
                    if (row.labels().stream().noneMatch(Data::isFloating)) {
                        return Verdict.skipped("no label that a gradient could move");
                    }
                    for (Choice reading : Choice.of(engine)) {
                        Loss loss = Catalogue.build(type, row.optionsWith(null), reading);
                        try (NDManager manager = Place.manager(engine)) {
                            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                            NDList predictions =
                                    Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                            predictions.forEach(array -> array.setRequiresGradient(true));
                            NDArray one = manager.ones(new Shape());
                            one.setRequiresGradient(true);
                            try (GradientCollector collector = named.newGradientCollector()) {
                                labels.replaceAll(
                                        y -> y.getDataType().isFloating() ? y.mul(one) : y);
                                collector.backward(loss.evaluate(labels, predictions));
                            }
                            double learnt = Nd.toDoubles(one.getGradient())[0];
                            if (learnt != 0) {
                                return Verdict.of(reading + ": labels pass on " + learnt);
                            }
                        }
                    }
                    return Verdict.PASSED;
                },
                Trait.INDEX_LABELS,
                Trait.NO_LABELS);
    }

    /** The backward of a value takes nothing from another, of whose labels it is a value too. */
    @Test(dataProvider = "enginesAndLosses")
    public void valuesHaveBackwardsOfTheirOwn(String engine, Class<? extends Loss> type) {
        Engine named = Engine.getEngine(engine);
        forEachSeed(
                type,
                row -> {
                    if (row.has("momentum")) {
                        return Verdict.skipped("each value changes the next");
                    }
                    for (Choice reading : Choice.of(engine)) {
                        Loss loss = Catalogue.build(type, reduced(row), reading);
                        try (NDManager manager = Place.manager(engine)) {
                            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                            List<NDList> leaves = new ArrayList<>();
                            List<NDArray> values = new ArrayList<>();
                            try (GradientCollector collector = named.newGradientCollector()) {
                                for (int i = 0; i < 3; i++) {
                                    NDList predictions =
                                            Data.arrays(
                                                    row.predictions(), manager, DataType.FLOAT32);
                                    predictions.forEach(array -> array.setRequiresGradient(true));
                                    leaves.add(predictions);
                                    values.add(loss.evaluate(labels, predictions));
                                }
                                values.forEach(collector::backward);
                            }
                            String fault = gradientsDiffer(leaves);
                            if (fault != null) {
                                return Verdict.of(reading + fault);
                            }
                        }
                    }
                    return Verdict.PASSED;
                });
    }

    private static @Nullable String gradientsDiffer(List<NDList> leaves) {
        for (NDList other : leaves) {
            for (int i = 0; i < other.size(); i++) {
                double[] expected = Nd.toDoubles(leaves.get(0).get(i).getGradient());
                double[] actual = Nd.toDoubles(other.get(i).getGradient());
                String fault = Outcome.difference(expected, actual, 1e-5, 1e-6);
                if (fault != null) {
                    return ": predictions[" + i + "]" + fault;
                }
            }
        }
        return null;
    }

    // ------------------------------------------------------------------ memory

    @Test(dataProvider = "enginesAndLosses")
    public void nothingButTheResultIsLeft(String engine, Class<? extends Loss> type) {
        forEachSeed(
                type,
                row -> {
                    for (Choice reading : Choice.of(engine)) {
                        Loss loss = Catalogue.build(type, row.options(), reading);
                        String fault = leak(engine, loss, row);
                        if (fault != null) {
                            return Verdict.of(reading + ": " + fault);
                        }
                    }
                    return Verdict.PASSED;
                });
    }

    private static @Nullable String leak(String engine, Loss loss, GoldenRow row) {
        try (NDManager ofLabels = Place.manager(engine);
                NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), ofLabels, DataType.FLOAT32);
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
            int ownedByLabels = ofLabels.getManagedArrays().size();
            int owned = manager.getManagedArrays().size();
            loss.addAccumulator("epoch");
            List<BiFunction<NDList, NDList, List<NDArray>>> calls = new ArrayList<>();
            calls.add((y, x) -> List.of(loss.evaluate(y, x)));
            if (loss instanceof AbstractLoss template) {
                calls.add((y, x) -> List.of(template.value(y, x)));
                calls.add(
                        (y, x) -> {
                            Fraction fraction = template.fraction(y, x);
                            return List.of(fraction.numerator(), fraction.denominator());
                        });
            }
            calls.add(
                    (y, x) -> {
                        loss.updateAccumulator("epoch", y, x);
                        return List.of();
                    });
            for (int i = 0; i < calls.size(); i++) {
                List<NDArray> results = calls.get(i).apply(labels, predictions);
                int grown = manager.getManagedArrays().size() - owned;
                int grownByLabels = ofLabels.getManagedArrays().size() - ownedByLabels;
                if (grown != results.size() || grownByLabels != 0) {
                    return "call "
                            + i
                            + " left "
                            + grown
                            + " arrays and "
                            + grownByLabels
                            + " at the labels, for "
                            + results.size()
                            + " results";
                }
                results.forEach(NDArray::close);
                if (manager.getManagedArrays().size() != owned) {
                    return "call " + i + " left something behind its closed result";
                }
            }
            NDArray result = loss.evaluate(labels, predictions);
            labels.close();
            Nd.toDoubles(result);
            result.close();
            for (NDArray prediction : predictions) {
                Nd.toDoubles(prediction); // throws if closing the result has closed it
            }
        }
        return null;
    }

    @Test(dataProvider = "enginesAndLosses")
    public void aScopeOfTheCallerOwnsTheResult(String engine, Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        Loss loss = Catalogue.build(type, row.options(), null);
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
            NDArray closed;
            NDArray kept;
            try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                closed = loss.evaluate(labels, predictions);
                kept = loss.evaluate(labels, predictions);
                Nd.toDoubles(closed);
                NDScope.unregister(kept);
            }
            assertEquals(closed.isReleased(), true, "the result in the scope");
            assertEquals(kept.isReleased(), false, "the result taken out of the scope");
            assertEquals(predictions.get(0).isReleased(), false, "the prediction");
        }
    }

    // ------------------------------------------------------------------ helpers

    private static boolean has(Class<? extends Loss> type, Trait trait) {
        return Declarations.of(type).has(trait);
    }

    /** Tells whether a loss cannot have the property, and then counts no row. */
    private boolean isExempt(Class<? extends Loss> type, Trait trait) {
        boolean exempt = has(type, trait);
        if (exempt) {
            Tally.count(name(), type, 0, "exempt", trait);
        }
        return exempt;
    }

    private String name() {
        return PropertyIT.class.getSimpleName() + "." + property;
    }

    private void forEachSeed(
            Class<? extends Loss> type, Tally.Property test, Trait... mayHaveNone) {
        Tally.check(name(), type, GoldenRow.seeds(type), test, mayHaveNone);
    }

    /**
     * Takes one seed of moderate size and slope for each set of options, rank and kind of labels:
     * finite differences are slow, and are of no use where a gradient changes within a step.
     */
    private void forEachSmoothSeed(
            Class<? extends Loss> type, Tally.Property test, Trait... mayHaveNone) {
        List<GoldenRow> smooth = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (GoldenRow row : GoldenRow.seeds(type)) {
            long size = row.predictions().stream().mapToLong(data -> data.values().length).sum();
            boolean moderate =
                    Stream.concat(row.predictions().stream(), row.gradients().stream())
                            .filter(Objects::nonNull)
                            .flatMapToDouble(data -> Arrays.stream(data.values()))
                            .allMatch(number -> Math.abs(number) < 20);
            boolean derivative = !Declarations.of(type).isNotTheDerivative(row.id());
            // A momentum is a state: the value depends on what was evaluated before.
            boolean pure = !row.has("momentum");
            String form =
                    row.optionsWith(null)
                            + " "
                            + row.predictions().get(0).shape().dimension()
                            + row.labels().stream()
                                    .map(y -> y.isFloating() && !holdsIndices(type, row))
                                    .toList();
            if (size <= 60 && moderate && derivative && pure && seen.add(form)) {
                smooth.add(row);
            }
        }
        Tally.check(name(), type, smooth, test, mayHaveNone);
    }

    /** The options of a row, with MEAN where it had no reduction. */
    private static JsonObject reduced(GoldenRow row) {
        boolean none =
                row.has("reduction") && row.options().get("reduction").getAsString().equals("NONE");
        return none ? row.optionsWith("MEAN") : row.options();
    }

    private static @Nullable Outcome plain(
            String engine, Class<? extends Loss> type, JsonObject options, GoldenRow row) {
        Loss loss = Catalogue.build(type, options, null);
        Outcome outcome = Outcome.of(engine, loss, row, DataType.FLOAT64, null, 1);
        return outcome.shape().isScalar() ? outcome : null;
    }

    private static double[] value(String engine, Loss loss, GoldenRow row) {
        try (NDManager manager = Place.manager(engine)) {
            return Nd.toDoubles(
                    loss.evaluate(
                            Data.arrays(row.labels(), manager, DataType.FLOAT64),
                            Data.arrays(row.predictions(), manager, DataType.FLOAT64)));
        }
    }

    /** Returns numerator, denominator, and the quotient as the policy on nothing has it. */
    private static double[] fraction(String engine, AbstractLoss loss, GoldenRow row) {
        try (NDManager manager = Place.manager(engine)) {
            Fraction fraction =
                    loss.fraction(
                            Data.arrays(row.labels(), manager, DataType.FLOAT64),
                            Data.arrays(row.predictions(), manager, DataType.FLOAT64));
            return new double[] {
                Nd.toDoubles(fraction.numerator())[0],
                Nd.toDoubles(fraction.denominator())[0],
                Nd.toDoubles(fraction.value())[0]
            };
        }
    }

    private static void update(String engine, Loss loss, GoldenRow row) {
        try (NDManager manager = Place.manager(engine)) {
            loss.updateAccumulator(
                    "epoch",
                    Data.arrays(row.labels(), manager, DataType.FLOAT64),
                    Data.arrays(row.predictions(), manager, DataType.FLOAT64));
        }
    }

    /** Moves predictions off kinks. */
    private static GoldenRow jittered(GoldenRow row) {
        return row.with(row.labels(), jittered(row.predictions(), 11));
    }

    private static GoldenRow withJitteredLabels(GoldenRow row) {
        return row.with(jittered(row.labels(), 12), row.predictions());
    }

    /** Moves numbers a little, those in [0, 1] toward ½. */
    private static List<Data> jittered(List<Data> list, long seed) {
        Random random = new Random(seed);
        List<Data> moved = new ArrayList<>();
        for (Data data : list) {
            boolean unit = Arrays.stream(data.values()).allMatch(x -> x >= 0 && x <= 1);
            moved.add(
                    data.map(
                            x -> {
                                double by = 0.002 + 0.006 * random.nextDouble();
                                boolean up = unit ? x < 0.5 : random.nextBoolean();
                                return up ? x + by : x - by;
                            }));
        }
        return moved;
    }

    private static Report check(
            Class<? extends Loss> type, GoldenRow row, JsonObject options, boolean labelGradient) {
        LossCheck check =
                LossCheck.of(Catalogue.build(type, options, null))
                        .optEngines(Outcome.engines().toArray(String[]::new))
                        .optLabelGradient(labelGradient);
        for (Data label : row.labels()) {
            if (label.isFloating()) {
                check.addLabel(label.shape(), label.values());
            } else {
                long[] indices = Arrays.stream(label.values()).mapToLong(x -> (long) x).toArray();
                check.addIndices(label.shape(), indices);
            }
        }
        row.predictions().forEach(data -> check.addPrediction(data.shape(), data.values()));
        return check.run();
    }

    private static boolean finite(double[] values) {
        return Arrays.stream(values).allMatch(Double::isFinite);
    }

    private static @Nullable String near(String what, double expected, double actual) {
        String fault =
                Outcome.difference(new double[] {expected}, new double[] {actual}, 1e-11, 1e-14);
        return fault == null ? null : what + fault;
    }
}
