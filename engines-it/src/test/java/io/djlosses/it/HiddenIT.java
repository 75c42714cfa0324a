/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertNull;
import static org.testng.Assert.assertTrue;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.segmentation.DiceLoss;
import io.djlosses.segmentation.MultiClassDiceLoss;
import io.djlosses.sequence.CTCLoss;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * What a mask hides may be anything: NaN, infinite, an index out of range, a target that does not
 * fit. It changes no bit of the value or of any gradient, in no reading and with no validation.
 */
public class HiddenIT {

    /** The most rows of a loss. */
    private static final int ROWS = 2;

    /** What stands in hidden places, by turns. */
    private static final double[][] JUNK = {
        {Double.NaN}, {Double.NEGATIVE_INFINITY}, {Double.POSITIVE_INFINITY, -1, 1e30, 255}
    };

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
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
            try {
                Loss loss = Catalogue.build(type, all, reading);
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
        if (type == MultiClassDiceLoss.class || type == DiceLoss.class) {
            return; // their values belong to no sample
        }
        for (GoldenRow row : rows(type)) {
            Loss plain = Catalogue.build(type, row.options(), null);
            Batch batch = plain instanceof AbstractLoss ? Batch.of(row, plain) : null;
            if (batch == null) {
                continue;
            }
            for (String reduction : reductions(type)) {
                int sample = reduction.equals("SUM") ? 0 : batch.size() - 1;
                JsonObject options = row.optionsWith(reduction);
                for (Way way : Way.all(engine)) {
                    String fault = samples(way, type, options, row, batch, sample);
                    assertNull(fault, row + " " + reduction + " " + way);
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
        for (double[] junk : JUNK) {
            GoldenRow changed =
                    row.with(
                            junk(row.labels(), batch.labels(), hidden, junk),
                            junk(row.predictions(), batch.predictions(), hidden, junk));
            Outcome outcome = way.of(type, masked, masked(changed, last));
            if (outcome == null) {
                return Arrays.toString(junk) + " was rejected";
            }
            first = first == null ? outcome : first;
            String fault = bits(first, outcome);
            if (fault != null) {
                return Arrays.toString(junk) + fault;
            }
            for (int i = 0; i < outcome.gradients().size(); i++) {
                Data data = row.predictions().get(i);
                int axis = batch.predictions().get(i);
                double[] gradient = outcome.gradients().get(i);
                if (axis >= 0) {
                    Data all = new Data("float", data.shape(), gradient);
                    if (!all.take(axis, hidden).isZero()) {
                        return Arrays.toString(junk)
                                + " gradient "
                                + i
                                + " of what is hidden is not 0";
                    }
                    gradient = all.take(axis, others).values();
                }
                if (rest != null) {
                    double[] expected = rest.gradients().get(i);
                    fault = difference(way, expected, gradient);
                }
                if (fault != null) {
                    return Arrays.toString(junk) + " gradient " + i + fault;
                }
            }
            if (rest != null) {
                fault = difference(way, rest.value(), outcome.value());
                if (fault != null) {
                    return Arrays.toString(junk) + " value " + fault;
                }
            }
        }
        return null;
    }

    private static List<Data> junk(List<Data> data, List<Integer> axes, int sample, double[] junk) {
        List<Data> changed = new ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            Data one = data.get(i);
            int axis = axes.get(i);
            int inner = axis < 0 ? 1 : (int) one.shape().slice(axis + 1).size();
            int size = axis < 0 ? 1 : (int) one.shape().get(axis);
            changed.add(axis < 0 ? one : replaced(one, k -> k / inner % size == sample, junk));
        }
        return changed;
    }

    // ------------------------------------------------------------------ values

    /** Single values of a sample may be hidden, and with them all that no other value needs. */
    @Test(dataProvider = "enginesAndLosses")
    public void hiddenValuesLeaveNoTrace(String engine, Class<? extends Loss> type) {
        boolean wholeBatch = Declarations.of(type).has(Trait.WHOLE_BATCH);
        if (Declarations.of(type).has(Trait.MEAN_ONLY)) {
            return; // it has no values
        }
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
            JsonObject masked = row.optionsWith("SUM");
            masked.addProperty("sampleWeighting", "MASK");
            for (Way way : Way.all(engine)) {
                Outcome first = way.of(type, masked, masked(row, last));
                if (first == null) {
                    continue; // what is shown is rejected
                }
                if (!wholeBatch) {
                    Outcome expected = way.of(type, none, row, last);
                    if (expected != null) {
                        double sum = 0;
                        for (int i = 0; i < mask.length; i++) {
                            sum += mask[i] == 0 ? 0 : expected.value()[i];
                        }
                        double[] sums = {sum};
                        String where = row + " " + way;
                        assertNull(difference(way, sums, first.value()), where);
                        for (int i = 0; i < first.gradients().size(); i++) {
                            assertNull(
                                    difference(
                                            way,
                                            expected.gradients().get(i),
                                            first.gradients().get(i)),
                                    where + " gradient " + i);
                        }
                    }
                }
                for (double[] junk : JUNK) {
                    GoldenRow changed =
                            row.with(
                                    junk(row.labels(), labels, junk),
                                    junk(row.predictions(), predictions, junk));
                    Outcome outcome = way.of(type, masked, masked(changed, last));
                    String fault = outcome == null ? " was rejected" : bits(first, outcome);
                    for (int i = 0; fault == null && i < predictions.size(); i++) {
                        boolean[] gone = predictions.get(i);
                        double[] gradient = Objects.requireNonNull(outcome).gradients().get(i);
                        if (IntStream.range(0, gone.length)
                                .anyMatch(k -> gone[k] && gradient[k] != 0)) {
                            fault = " gradient of what is hidden";
                        }
                    }
                    assertNull(fault, row + " " + way + " " + Arrays.toString(junk));
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
        if (!isLabel && type == SampledSoftmaxLoss.class && i < data.size() - 1) {
            return hidden; // parameters, which belong to no sample
        }
        if (!isLabel && type == LinearCrossEntropyLoss.class && i > 0) {
            return hidden; // as well
        }
        if (isLabel && type == CTCLoss.class && row.labels().get(0).shape().dimension() == 1) {
            return hidden; // lengths that place the targets of others
        }
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

    private static List<Data> junk(List<Data> data, List<boolean[]> hidden, double[] junk) {
        List<Data> changed = new ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            boolean[] gone = hidden.get(i);
            changed.add(replaced(data.get(i), k -> gone[k], junk));
        }
        return changed;
    }

    // ------------------------------------------------------------------ ignored targets

    /** Whatever stands in the scores of an ignored target changes no bit, in any reading. */
    @Test(dataProvider = "enginesAndLosses")
    public void ignoredTargetsLeaveNoTrace(String engine, Class<? extends Loss> type) {
        if (type == MultiClassDiceLoss.class || !ignores(type)) {
            return;
        }
        for (GoldenRow row : GoldenRow.seeds(type)) {
            Loss loss = Catalogue.build(type, row.options(), null);
            Batch batch = Batch.of(row, loss);
            Data label = row.labels().get(0);
            long rank = row.predictions().get(0).shape().dimension();
            boolean holdsIndices = label.shape().dimension() < rank;
            if (batch == null || !holdsIndices || row.has("sampleWeighting")) {
                continue;
            }
            long ignored =
                    row.has("ignoreIndex") ? row.options().get("ignoreIndex").getAsLong() : -100;
            boolean holdsNegatives = !List.of("uint8", "boolean").contains(label.type());
            if (!holdsNegatives && ignored < 0) {
                continue;
            }
            JsonObject options = row.options().deepCopy();
            options.addProperty("ignoreIndex", ignored);
            int inner = (int) label.shape().slice(1).size();
            GoldenRow given =
                    row.with(
                            List.of(replaced(label, k -> k / inner == 0, new double[] {ignored})),
                            row.predictions());
            for (Way way : Way.all(engine)) {
                if (way.validation.equals("STRICT")) {
                    continue; // which wants finite predictions
                }
                Outcome first = way.of(type, options, given);
                for (double[] junk : JUNK) {
                    List<Data> bad = junk(row.predictions(), batch.predictions(), 0, junk);
                    Outcome outcome = way.of(type, options, given.with(given.labels(), bad));
                    assertNull(
                            bits(Objects.requireNonNull(first), Objects.requireNonNull(outcome)),
                            row + " " + way + " " + Arrays.toString(junk));
                    Data gradient =
                            new Data(
                                    "float",
                                    row.predictions().get(0).shape(),
                                    outcome.gradients().get(0));
                    assertTrue(gradient.take(0, 0).isZero(), row + " " + way);
                }
            }
        }
    }

    private static boolean ignores(Class<? extends Loss> type) {
        return Arrays.stream(type.getDeclaredClasses())
                .flatMap(inner -> Arrays.stream(inner.getMethods()))
                .anyMatch(method -> method.getName().equals("optIgnoreIndex"));
    }

    /** A class that is ignored or hidden reaches nothing, unless others need its logits. */
    @Test(dataProvider = "engines")
    public void classesOfADiceLossLeaveNoTrace(String engine) {
        Data x = new Data("float", new Shape(2, 3), new double[] {.5, .25, .125, .75, .5, .25});
        Data y = new Data("float", new Shape(2, 3), new double[] {1, 0, 1, 0, 1, 1});
        Data mask = new Data("float", new Shape(3), new double[] {1, 0, 1});
        for (String activation : new String[] {"NONE", "SIGMOID", "SOFTMAX"}) {
            JsonObject ignoring = new JsonObject();
            ignoring.addProperty("activation", activation);
            JsonObject masked = ignoring.deepCopy();
            ignoring.addProperty("ignoreIndex", 1);
            masked.addProperty("sampleWeighting", "MASK");
            for (Way way : Way.all(engine)) {
                if (way.validation.equals("STRICT")) {
                    continue;
                }
                for (double[] junk : JUNK) {
                    Data badX =
                            activation.equals("SOFTMAX") ? x : replaced(x, k -> k % 3 == 1, junk);
                    Data badY = replaced(y, k -> k % 3 == 1, junk);
                    for (JsonObject options : List.of(ignoring, masked)) {
                        List<Data> good = new ArrayList<>(List.of(y));
                        List<Data> bad = new ArrayList<>(List.of(badY));
                        if (options.has("sampleWeighting")) {
                            good.add(mask);
                            bad.add(mask);
                        }
                        Outcome first = way.of(MultiClassDiceLoss.class, options, row(good, x));
                        Outcome second = way.of(MultiClassDiceLoss.class, options, row(bad, badX));
                        String fault =
                                bits(Objects.requireNonNull(first), Objects.requireNonNull(second));
                        assertNull(fault, options + " " + way + " " + Arrays.toString(junk));
                    }
                }
            }
        }
    }

    private static GoldenRow row(List<Data> labels, Data prediction) {
        return GoldenRow.of(labels, List.of(prediction));
    }

    // ------------------------------------------------------------------ both

    private static List<GoldenRow> rows(Class<? extends Loss> type) {
        return GoldenRow.some(type, ROWS).stream()
                .filter(row -> !row.has("sampleWeighting"))
                .toList();
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

    private static Data replaced(Data data, IntPredicate which, double[] by) {
        double[] values = data.values().clone();
        for (int k = 0; k < values.length; k++) {
            values[k] = which.test(k) ? by[k % by.length] : values[k];
        }
        return new Data(data.type(), data.shape(), values);
    }

    /** The logarithm of a number near 1 is as exact as the number. */
    private static @Nullable String difference(Way way, double[] expected, double[] actual) {
        double absolute = way.type == DataType.FLOAT32 ? 2e-7 : 1e-14;
        return Outcome.difference(expected, actual, way.tolerance(), absolute);
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
