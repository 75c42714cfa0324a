/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertNull;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.segmentation.MultiClassDiceLoss;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What a mask hides may be anything: NaN, infinite, an index out of range, a target that does not
 * fit. It changes no bit of the value or of any gradient, in no reading and with no validation.
 */
public class HiddenIT {

    /** The most rows of a loss. */
    private static final int ROWS = Subject.NIGHTLY ? Integer.MAX_VALUE : 10;

    /** What stands in hidden places. */
    private static final double[] JUNK = {
        Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e30, -1, 255
    };

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    /** A way to evaluate. */
    private record Way(String engine, DataType type, Choice reading, String validation) {

        static List<Way> all(String engine) {
            List<Way> ways = new ArrayList<>();
            for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
                for (Choice reading : Choice.of(engine)) {
                    ways.add(new Way(engine, type, reading, "INDICES"));
                }
                ways.add(new Way(engine, type, Choice.AUTO, "SHAPES"));
                ways.add(new Way(engine, type, Choice.AUTO, "STRICT"));
            }
            return ways;
        }

        /** Evaluates the loss of a row, or returns null if strict validation rejects it. */
        @Nullable Outcome of(Class<? extends Loss> type, JsonObject options, GoldenRow row) {
            return of(type, options, row, null);
        }

        @Nullable Outcome of(
                Class<? extends Loss> type,
                JsonObject options,
                GoldenRow row,
                @Nullable Data head) {
            JsonObject all = options.deepCopy();
            all.addProperty("validation", validation);
            Loss loss = Catalogue.build(type, all, reading);
            try {
                return Outcome.of(engine, loss, row, this.type, head, 1);
            } catch (IllegalArgumentException e) {
                if (validation.equals("STRICT")) {
                    return null;
                }
                throw e;
            }
        }

        double tolerance() {
            return type == DataType.FLOAT32 ? 1e-5 : 1e-10;
        }
    }

    // ------------------------------------------------------------------ samples

    /** A batch with hidden samples is the batch without them. */
    @Test(dataProvider = "enginesAndLosses")
    public void hiddenSamplesAreAsIfTheyWereNotThere(String engine, Class<? extends Loss> type) {
        if (type == MultiClassDiceLoss.class) {
            return; // its values belong to classes
        }
        for (GoldenRow row : rows(type)) {
            Loss plain = Catalogue.build(type, row.options(), null);
            Batch batch = plain instanceof AbstractLoss ? Batch.of(row, plain) : null;
            if (batch == null) {
                continue;
            }
            for (int sample : new int[] {0, batch.size() - 1}) {
                for (String reduction : reductions(type)) {
                    JsonObject options = row.optionsWith(reduction);
                    for (Way way : Way.all(engine)) {
                        String fault = samples(way, type, options, row, batch, sample);
                        assertNull(fault, row + " " + reduction + " " + way + " " + sample);
                    }
                }
            }
        }
    }

    private static @Nullable String samples(
            Way way,
            Class<? extends Loss> type,
            JsonObject options,
            GoldenRow row,
            Batch batch,
            int hidden) {
        double[] mask = new double[batch.size()];
        Arrays.fill(mask, 1);
        mask[hidden] = 0;
        int[] others = IntStream.range(0, mask.length).filter(i -> i != hidden).toArray();
        Outcome rest = null;
        if (!row.has("sampledValues")) { // which belong to a number of samples
            rest = way.of(type, options, batch.take(row, others));
            if (rest == null) {
                return null; // what is shown is rejected
            }
        }
        JsonObject masked = options.deepCopy();
        masked.addProperty("sampleWeighting", "MASK");
        Data last = new Data("float", new Shape(mask.length), mask);
        Outcome first = way.of(type, masked, masked(row, last));
        for (double junk : JUNK) {
            GoldenRow changed =
                    row.with(
                            junk(row.labels(), batch.labels(), hidden, junk),
                            junk(row.predictions(), batch.predictions(), hidden, junk));
            Outcome outcome = way.of(type, masked, masked(changed, last));
            if (outcome == null) {
                return junk + " was rejected";
            }
            first = first == null ? outcome : first;
            String fault = bits(first, outcome);
            if (fault != null) {
                return junk + fault;
            }
            for (int i = 0; i < outcome.gradients().size(); i++) {
                Data data = row.predictions().get(i);
                int axis = batch.predictions().get(i);
                double[] gradient = outcome.gradients().get(i);
                if (axis >= 0) {
                    Data all = new Data("float", data.shape(), gradient);
                    if (!all.take(axis, hidden).isZero()) {
                        return junk + " gradient " + i + " of what is hidden is not 0";
                    }
                    gradient = all.take(axis, others).values();
                }
                if (rest != null) {
                    double[] expected = rest.gradients().get(i);
                    fault = Outcome.difference(expected, gradient, way.tolerance(), 1e-9);
                }
                if (fault != null) {
                    return junk + " gradient " + i + fault;
                }
            }
            if (rest != null) {
                fault = Outcome.difference(rest.value(), outcome.value(), way.tolerance(), 1e-9);
                if (fault != null) {
                    return junk + " value " + fault;
                }
            }
        }
        return null;
    }

    private static List<Data> junk(List<Data> data, List<Integer> axes, int sample, double junk) {
        List<Data> changed = new ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            Data one = data.get(i);
            int axis = axes.get(i);
            int inner = axis < 0 ? 1 : (int) one.shape().slice(axis + 1).size();
            int size = axis < 0 ? 1 : (int) one.shape().get(axis);
            changed.add(
                    axis < 0 ? one : replaced(one, k -> k / inner % size == sample, x -> junk));
        }
        return changed;
    }

    // ------------------------------------------------------------------ values

    /** Single values of a sample may be hidden, and with them all that no other value needs. */
    @Test(dataProvider = "enginesAndLosses")
    public void hiddenValuesLeaveNoTrace(String engine, Class<? extends Loss> type) {
        boolean wholeBatch = Declarations.of(type).has(Trait.WHOLE_BATCH);
        boolean meanOnly = Declarations.of(type).has(Trait.MEAN_ONLY);
        Random random = new Random(5);
        for (GoldenRow row : rows(type)) {
            if (!(Catalogue.build(type, row.options(), null) instanceof AbstractLoss)) {
                continue;
            }
            Way exact = new Way(engine, DataType.FLOAT64, Choice.FORMULA, "INDICES");
            JsonObject none = row.optionsWith("NONE");
            Outcome plain = exact.of(type, none, row);
            if (plain == null || plain.value().length > 60) {
                continue;
            }
            double[] mask = plain.value().clone();
            Arrays.setAll(mask, i -> random.nextBoolean() ? 1 : 0);
            Data last = new Data("float", plain.shape(), mask);
            List<boolean[]> labels = new ArrayList<>();
            for (int i = 0; i < row.labels().size(); i++) {
                labels.add(hidden(exact, type, none, row, row.labels(), i, last));
            }
            List<boolean[]> predictions = new ArrayList<>();
            for (int i = 0; i < row.predictions().size(); i++) {
                predictions.add(hidden(exact, type, none, row, row.predictions(), i, last));
            }
            JsonObject masked = row.optionsWith(meanOnly ? "MEAN" : "SUM");
            masked.addProperty("sampleWeighting", "MASK");
            for (Way way : Way.all(engine)) {
                Outcome first = way.of(type, masked, masked(row, last));
                if (first == null) {
                    continue; // what is shown is rejected
                }
                if (!wholeBatch && !meanOnly) {
                    Outcome expected = way.of(type, none, row, last);
                    if (expected != null) {
                        double sum = 0;
                        for (int i = 0; i < mask.length; i++) {
                            sum += mask[i] == 0 ? 0 : expected.value()[i];
                        }
                        double[] sums = {sum};
                        String where = row + " " + way;
                        assertNull(
                                Outcome.difference(sums, first.value(), way.tolerance(), 1e-7),
                                where);
                        for (int i = 0; i < first.gradients().size(); i++) {
                            assertNull(
                                    Outcome.difference(
                                            expected.gradients().get(i),
                                            first.gradients().get(i),
                                            way.tolerance(),
                                            1e-9),
                                    where + " gradient " + i);
                        }
                    }
                }
                for (double junk : JUNK) {
                    GoldenRow changed =
                            row.with(
                                    junk(row.labels(), labels, junk),
                                    junk(row.predictions(), predictions, junk));
                    Outcome outcome = way.of(type, masked, masked(changed, last));
                    String fault = outcome == null ? " was rejected" : bits(first, outcome);
                    for (int i = 0; fault == null && i < predictions.size(); i++) {
                        boolean[] gone = predictions.get(i);
                        double[] gradient = outcome.gradients().get(i);
                        if (IntStream.range(0, gone.length)
                                .anyMatch(k -> gone[k] && gradient[k] != 0)) {
                            fault = " gradient of what is hidden";
                        }
                    }
                    assertNull(fault, row + " " + way + " " + junk);
                }
            }
        }
    }

    /** Returns the elements that hidden values need, and no others. */
    private static boolean[] hidden(
            Way way,
            Class<? extends Loss> type,
            JsonObject none,
            GoldenRow row,
            List<Data> data,
            int i,
            Data mask) {
        boolean isLabel = data == row.labels();
        Data one = data.get(i);
        boolean[] hidden = new boolean[one.values().length];
        if (isLabel && one.shape().equals(mask.shape())) {
            for (int k = 0; k < hidden.length; k++) {
                hidden[k] = mask.values()[k] == 0;
            }
            return hidden;
        }
        for (int k = 0; one.isFloating() && k < hidden.length; k++) {
            List<Data> changed = new ArrayList<>(data);
            changed.set(i, one.with(k, Double.NaN));
            try {
                Outcome outcome =
                        way.of(
                                type,
                                none,
                                isLabel
                                        ? row.with(changed, row.predictions())
                                        : row.with(row.labels(), changed));
                int seen = 0;
                int shown = 0;
                for (int v = 0; outcome != null && v < mask.values().length; v++) {
                    if (Double.isNaN(outcome.value()[v])) {
                        seen++;
                        shown += mask.values()[v] == 0 ? 0 : 1;
                    }
                }
                hidden[k] = seen > 0 && shown == 0;
            } catch (IllegalArgumentException e) {
                return new boolean[hidden.length]; // not a class
            }
        }
        return hidden;
    }

    private static List<Data> junk(List<Data> data, List<boolean[]> hidden, double junk) {
        List<Data> changed = new ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            boolean[] gone = hidden.get(i);
            changed.add(replaced(data.get(i), k -> gone[k], x -> junk));
        }
        return changed;
    }

    // ------------------------------------------------------------------ both

    private static List<GoldenRow> rows(Class<? extends Loss> type) {
        List<GoldenRow> seeds = GoldenRow.seeds(type);
        List<GoldenRow> rows = new ArrayList<>();
        int count = Math.min(ROWS, seeds.size());
        for (int i = 0; i < count; i++) {
            GoldenRow row = seeds.get(i * seeds.size() / count);
            if (!row.has("sampleWeighting")) {
                rows.add(row);
            }
        }
        return rows;
    }

    private static String[] reductions(Class<? extends Loss> type) {
        return Declarations.of(type).has(Trait.MEAN_ONLY)
                ? new String[] {"MEAN"}
                : new String[] {"SUM", "MEAN"};
    }

    private static GoldenRow masked(GoldenRow row, Data mask) {
        List<Data> labels = new ArrayList<>(row.labels());
        labels.add(mask);
        return row.with(labels, row.predictions());
    }

    private static Data replaced(Data data, IntPredicate which, DoubleUnaryOperator by) {
        double[] values = data.values().clone();
        for (int k = 0; k < values.length; k++) {
            values[k] = which.test(k) ? by.applyAsDouble(values[k]) : values[k];
        }
        return new Data(data.type(), data.shape(), values);
    }

    /** Says how two outcomes differ in any bit. */
    private static @Nullable String bits(Outcome one, Outcome other) {
        if (!Arrays.equals(one.value(), other.value())) {
            return " value " + Arrays.toString(one.value()) + Arrays.toString(other.value());
        }
        for (int i = 0; i < one.gradients().size(); i++) {
            if (!Arrays.equals(one.gradients().get(i), other.gradients().get(i))) {
                return " gradient "
                        + Arrays.toString(one.gradients().get(i))
                        + Arrays.toString(other.gradients().get(i));
            }
        }
        return null;
    }
}
