/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonElement;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Kind;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Evaluates spoilt inputs. Whatever comes of them is a number, on which engines and readings agree,
 * with and without gradient, or an {@link IllegalArgumentException} that begins with the name of
 * the loss.
 */
final class FuzzProgram {

    private static final DataType[] TYPES = {
        DataType.FLOAT32,
        DataType.FLOAT32,
        DataType.FLOAT32,
        DataType.FLOAT64,
        DataType.FLOAT64,
        DataType.FLOAT64,
        DataType.FLOAT16
    };

    /** How often inputs are changed in their last digit, to see what that does to a result. */
    private static final int CHANGES = 8;

    private final FuzzCase inputs;
    private final DataType type;

    private FuzzProgram(FuzzCase inputs, DataType type) {
        this.inputs = inputs;
        this.type = type;
    }

    /**
     * Runs cases, and prints what it is about to try, what was wrong, and a summary.
     *
     * @param args the seed, the first case, the end
     */
    public static void main(String[] args) {
        long seed = Long.parseLong(args[0]);
        Map<String, List<Subject>> byLoss =
                Subject.all(Integer.MAX_VALUE).stream()
                        .collect(
                                Collectors.groupingBy(
                                        one -> one.type().getSimpleName(),
                                        TreeMap::new,
                                        Collectors.toList()));
        List<List<Subject>> losses = List.copyOf(byLoss.values());
        Map<String, Integer> outcomes = new TreeMap<>();
        for (int i = Integer.parseInt(args[1]); i < Integer.parseInt(args[2]); i++) {
            Random random = new Random(seed + 1_000_003L * i);
            FuzzCase inputs = FuzzCase.of(losses.get(i % losses.size()), random);
            DataType type = TYPES[random.nextInt(TYPES.length)];
            System.out.println("CASE " + i + " of seed " + seed + ": " + type + " " + inputs);
            try {
                String fault = new FuzzProgram(inputs, type).fault(outcomes);
                if (fault != null) {
                    System.out.println("FAULT " + fault);
                }
            } catch (RuntimeException e) {
                System.out.println("FAULT " + e);
                e.printStackTrace(System.out);
            }
        }
        System.out.println("DONE " + outcomes);
    }

    /**
     * Numbers, or the message of a rejection.
     *
     * @param numbers the value, the value computed without gradient, and the gradients
     */
    private record Result(@Nullable String rejection, List<double[]> numbers, String shape) {

        boolean isFinite() {
            return Arrays.stream(numbers.get(0)).allMatch(Double::isFinite);
        }
    }

    // ------------------------------------------------------------------ judging

    private @Nullable String fault(Map<String, Integer> outcomes) {
        Map<String, Result> results = new TreeMap<>();
        // Not every engine has gradients of half precision.
        List<String> engines = Outcome.engines().subList(0, type == DataType.FLOAT16 ? 1 : 2);
        for (String engine : engines) {
            for (Choice reading : Choice.of(engine)) {
                results.put(engine + " " + reading, result(engine, reading));
            }
        }
        String name = engines.get(0) + " " + Choice.FORMULA;
        Result formula = results.get(name);
        String kind = formula.rejection != null ? "rejected" : "finite";
        outcomes.merge(
                kind.equals("finite") && !formula.isFinite() ? "not finite" : kind,
                1,
                Integer::sum);
        double[] blur = new double[formula.numbers.size()];
        boolean isBlurred = false;
        for (Map.Entry<String, Result> one : results.entrySet()) {
            String difference = difference(formula, one.getValue(), blur);
            if (difference != null && !isBlurred && formula.rejection == null) {
                isBlurred = true;
                blur = blur(formula);
                difference = difference(formula, one.getValue(), blur);
            }
            if (difference != null) {
                return name + " against " + one.getKey() + ": " + difference;
            }
        }
        return null;
    }

    private @Nullable String difference(Result expected, Result actual, double[] blur) {
        if (expected.rejection != null || actual.rejection != null) {
            String names = "PyTorch|MXNet";
            boolean same =
                    String.valueOf(expected.rejection)
                            .replaceAll(names, "")
                            .equals(String.valueOf(actual.rejection).replaceAll(names, ""));
            return same ? null : expected.rejection + " against " + actual.rejection;
        }
        if (!expected.shape.equals(actual.shape)) {
            return "shape " + expected.shape + " against " + actual.shape;
        }
        double largest = largest();
        if (largest > (isNarrow() ? 1e15 : 1e100)) {
            return null; // where it overflows depends on the order of operations
        }
        double rtol = isNarrow() ? 2e-4 : 1e-9;
        for (int i = 0; i < expected.numbers.size(); i++) {
            boolean ofValue = i < 2;
            if (!ofValue && !expected.isFinite()) {
                return null; // the gradient of what is not finite is anything
            }
            // Terms of the size of the inputs may cancel.
            double limit = rtol + blur[i] + (ofValue ? 16 : 1) * digit() * largest;
            if (!ofValue && type == DataType.FLOAT16) {
                limit += 1e-3;
            }
            String difference =
                    Outcome.difference(expected.numbers.get(i), actual.numbers.get(i), rtol, limit);
            if (difference != null) {
                return (i == 0 ? "value " : i == 1 ? "value alone " : "gradient " + (i - 2))
                        + difference;
            }
        }
        return null;
    }

    private Stream<Data> all() {
        return Stream.concat(inputs.labels().stream(), inputs.predictions().stream());
    }

    private boolean isNarrow() {
        return type != DataType.FLOAT64
                || all().anyMatch(data -> data.type().matches("float\\d.*"));
    }

    private double digit() {
        return isNarrow() ? 0x1p-23 : 0x1p-52;
    }

    /** Returns the largest of the inputs, and of the options that were spoilt, that is finite. */
    private double largest() {
        DoubleStream ofOptions =
                inputs.options().asMap().values().stream()
                        .filter(JsonElement::isJsonPrimitive)
                        .map(JsonElement::getAsString)
                        .filter(value -> value.matches("-?\\d.*E\\d+"))
                        .mapToDouble(Double::parseDouble);
        DoubleStream ofInputs = all().flatMapToDouble(data -> Arrays.stream(data.values()));
        return DoubleStream.concat(ofOptions, ofInputs)
                .filter(Double::isFinite)
                .map(Math::abs)
                .max()
                .orElse(0);
    }

    /**
     * Returns by how much each of the results may differ beyond rounding. To compute is to round,
     * as if the inputs had other last digits: where those decide more (large numbers that cancel, a
     * sum of weights near 0), two results no farther apart are equally right. And a reading may be
     * as wrong as the formula is in this data type, or more exact.
     */
    private double[] blur(Result formula) {
        double digit = digit();
        String engine = Outcome.engines().get(0);
        Result exact =
                result(
                        engine,
                        Choice.FORMULA,
                        DataType.FLOAT64,
                        inputs.labels(),
                        inputs.predictions());
        double[] spread = new double[exact.numbers.size()];
        Random random = new Random(0);
        DoubleUnaryOperator change = x -> x * (1 + (random.nextBoolean() ? digit : -digit));
        for (int k = 0; k < CHANGES; k++) {
            // Whole labels may be classes, which are exact.
            List<Data> labels =
                    changed(inputs.labels(), x -> x == Math.rint(x) ? x : change.applyAsDouble(x));
            List<Data> predictions = changed(inputs.predictions(), change);
            Result changed = result(engine, Choice.FORMULA, DataType.FLOAT64, labels, predictions);
            for (int i = 0; i < spread.length; i++) {
                double difference = distance(exact.numbers.get(i), changed.numbers.get(i));
                spread[i] = Math.max(spread[i], difference);
            }
        }
        return IntStream.range(0, spread.length)
                .mapToDouble(
                        i ->
                                8 * spread[i]
                                        + 2
                                                * distance(
                                                        exact.numbers.get(i),
                                                        formula.numbers.get(i)))
                .toArray();
    }

    /** Returns the largest difference that is finite. */
    private static double distance(double[] a, double[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .filter(Double::isFinite)
                .max()
                .orElse(0);
    }

    private static List<Data> changed(List<Data> list, DoubleUnaryOperator change) {
        return list.stream().map(data -> data.isFloating() ? data.map(change) : data).toList();
    }

    // ------------------------------------------------------------------ computing

    private Result result(String engine, Choice reading) {
        return result(engine, reading, type, inputs.labels(), inputs.predictions());
    }

    private Result result(
            String engine,
            Choice reading,
            DataType floating,
            List<Data> labels,
            List<Data> predictions) {
        Subject subject = inputs.subject();
        Engine named = Engine.getEngine(engine);
        String other =
                Outcome.engines().stream()
                        .filter(name -> !name.equals(engine))
                        .findFirst()
                        .orElse(engine);
        try (NDManager manager = named.newBaseManager();
                NDManager strange = Engine.getEngine(other).newBaseManager()) {
            Loss loss;
            try {
                loss =
                        GoldenRow.of(subject.type()).isEmpty()
                                ? subject.build(manager)
                                : Catalogue.build(subject.type(), inputs.options(), reading);
            } catch (IllegalArgumentException e) {
                return rejected(e, subject.type().getSimpleName());
            }
            // A loss may have seen other data of the same shapes: what it has learnt must not show.
            result(
                    named,
                    loss,
                    arrays(subject.row().labels(), manager, manager, 0, floating),
                    arrays(subject.row().predictions(), manager, manager, 0, floating));
            return result(
                    named,
                    loss,
                    arrays(labels, manager, strange, 0, floating),
                    arrays(predictions, manager, strange, labels.size(), floating));
        }
    }

    private Result result(Engine engine, Loss loss, NDList labels, NDList predictions) {
        for (NDArray array : predictions) {
            if (array.getDataType().isFloating() && array.getManager().getEngine() == engine) {
                array.setRequiresGradient(true);
            }
        }
        List<double[]> numbers = new ArrayList<>();
        try (GradientCollector collector = engine.newGradientCollector()) {
            NDArray value = loss.evaluate(labels, predictions);
            numbers.add(Nd.toDoubles(value));
            if (value.size() > 0) {
                collector.backward(Nd.sum(value.mul(ramp(value))));
            }
            boolean hasTwin = loss instanceof AbstractLoss && !inputs.options().has("momentum");
            numbers.add(
                    Nd.toDoubles(
                            hasTwin ? ((AbstractLoss) loss).value(labels, predictions) : value));
            for (NDArray array : predictions) {
                if (array.getDataType().isFloating()) {
                    numbers.add(Nd.toDoubles(array.getGradient()));
                }
            }
            return new Result(null, numbers, value.getShape().toString());
        } catch (IllegalArgumentException e) {
            return rejected(e, loss.getName());
        }
    }

    /** Factors on unreduced values, so that gradients do not cancel. */
    private static NDArray ramp(NDArray value) {
        double[] factors =
                IntStream.range(0, (int) value.size()).mapToDouble(i -> 1 + i % 7 / 8.0).toArray();
        return Nd.create(value.getManager(), factors, value.getShape(), value.getDataType());
    }

    private static Result rejected(IllegalArgumentException e, String loss) {
        String message = String.valueOf(e.getMessage());
        // Losses made of others let these speak.
        boolean composite =
                Declarations.named(loss)
                        .map(Declaration::kind)
                        .filter(kind -> kind == Kind.COMPOSITE || kind == Kind.SEVERAL_NUMBERS)
                        .isPresent();
        if (!message.startsWith(loss + ": ")
                && !(composite && message.matches("(?s)[A-Z][A-Za-z0-9]*Loss: .*"))) {
            throw e;
        }
        return new Result(message, List.of(), "");
    }

    private NDList arrays(
            List<Data> data, NDManager manager, NDManager strange, int offset, DataType floating) {
        NDList list = new NDList();
        for (int i = 0; i < data.size(); i++) {
            NDManager owner = offset + i == inputs.foreign() ? strange : manager;
            // An engine without views has but one layout.
            boolean views = !owner.getEngine().getEngineName().equals("MXNet");
            NDArray array =
                    (views ? inputs.layout() : Layout.PLAIN)
                            .array(data.get(i), owner, (one, of) -> array(one, of, floating));
            if (inputs.isNamed()) {
                array.setName("array()");
            }
            list.add(array);
        }
        return list;
    }

    private static NDArray array(Data data, NDManager manager, DataType floating) {
        String name = data.type();
        if (!name.startsWith("float")) {
            return data.array(manager, floating);
        }
        DataType exact =
                name.equals("float") ? floating : DataType.valueOf(name.toUpperCase(Locale.ROOT));
        if (exact == DataType.FLOAT16) {
            return Nd.create(manager, data.values(), data.shape(), DataType.FLOAT32)
                    .toType(exact, false);
        }
        return Nd.create(manager, data.values(), data.shape(), exact);
    }
}
