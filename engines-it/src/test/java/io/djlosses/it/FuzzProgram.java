/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import io.djlosses.api.Reading;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Spoils good inputs at random. Whatever comes of it is a number, on which engines and readings
 * agree, or an {@link IllegalArgumentException} that begins with the name of the loss.
 */
final class FuzzProgram {

    private static final double[] SPECIAL = {
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        0,
        -0.0,
        1,
        -1,
        0.5,
        1.5,
        -0.25,
        1e30,
        -1e30,
        1e-40,
        100,
        -100
    };

    private static final double[] INDICES = {
        -1, -100, -7, 0, 1, 2, 3, 5, 97, 1_000_000, 1L << 40, -(1L << 40), 0.5, Double.NaN
    };

    private static final String[] TYPES = {
        "float", "int64", "int32", "uint8", "int8", "float16", "float32", "float64", "boolean"
    };

    private final Random random;

    private final Subject subject;
    private final JsonObject options;
    private final List<Data> labels;
    private final List<Data> predictions;
    private final List<String> done = new ArrayList<>();
    private int foreign = -1;

    private FuzzProgram(Subject subject, Random random) {
        this.subject = subject;
        this.random = random;
        options = subject.row().options().deepCopy();
        labels = new ArrayList<>(subject.row().labels());
        predictions = new ArrayList<>(subject.row().predictions());
    }

    /**
     * Runs cases, and prints what it is about to try, what was wrong, and a summary.
     *
     * @param args the seed, the first case, the end
     */
    public static void main(String[] args) {
        long seed = Long.parseLong(args[0]);
        List<Subject> subjects = Subject.all(Integer.MAX_VALUE);
        Map<String, List<Subject>> byLoss =
                subjects.stream()
                        .collect(
                                Collectors.groupingBy(
                                        one -> one.type().getSimpleName(),
                                        TreeMap::new,
                                        Collectors.toList()));
        List<List<Subject>> losses = List.copyOf(byLoss.values());
        Map<String, Integer> outcomes = new TreeMap<>();
        for (int i = Integer.parseInt(args[1]); i < Integer.parseInt(args[2]); i++) {
            Random random = new Random(seed + 1_000_003L * i);
            List<Subject> of = losses.get(i % losses.size());
            FuzzProgram fuzz = new FuzzProgram(of.get(random.nextInt(of.size())), random);
            int times = 1 + random.nextInt(3);
            for (int k = 0; k < times; k++) {
                fuzz.spoil();
            }
            System.out.println("CASE " + i + " of seed " + seed + ": " + fuzz);
            try {
                String fault = fuzz.fault(outcomes);
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

    // ------------------------------------------------------------------ spoiling

    private void spoil() {
        List<Data> list = random.nextInt(3) == 0 || labels.isEmpty() ? predictions : labels;
        String name = list == labels ? "labels" : "predictions";
        int i = list.isEmpty() ? -1 : random.nextInt(list.size());
        int what = random.nextInt(17);
        if (i < 0 && what < 12) {
            return;
        }
        String place = name + "[" + i + "] ";
        switch (what) {
            case 0 -> {
                done.add("without " + place);
                list.remove(i);
            }
            case 1 -> {
                done.add("twice " + place);
                list.add(list.get(i));
            }
            case 2 -> put(list, i, place, reshaped(list.get(i)));
            case 3 -> put(list, i, place, resized(list.get(i)));
            case 4 -> {
                String type = TYPES[random.nextInt(TYPES.length)];
                // Half precision and its engines are a matter of other tests.
                boolean half = type.equals("float16") && list == predictions;
                put(list, i, place, list.get(i).as(half ? "int32" : type));
            }
            case 5, 6, 7 -> {
                Data data = list.get(i);
                double[] some = data.isFloating() ? SPECIAL : INDICES;
                put(list, i, place, spotted(data, some));
            }
            case 8 -> put(list, i, place, spotted(list.get(i), INDICES));
            case 9 -> {
                double factor = Math.pow(10, random.nextInt(9) - 4);
                put(list, i, place, list.get(i).map(value -> value * factor));
            }
            case 10 -> {
                double value = SPECIAL[random.nextInt(SPECIAL.length)];
                put(list, i, place, list.get(i).map(old -> value));
            }
            case 11 -> {
                done.add("all empty");
                for (List<Data> each : List.of(labels, predictions)) {
                    each.replaceAll(
                            data ->
                                    data.shape().dimension() == 0
                                            ? data
                                            : data.take(0, new int[0]));
                }
            }
            case 12 -> {
                done.add("swapped");
                List<Data> old = List.copyOf(labels);
                labels.clear();
                labels.addAll(predictions);
                predictions.clear();
                for (Data data : old) {
                    predictions.add(data.type().equals("float16") ? data.as("float") : data);
                }
            }
            case 13 -> {
                foreign = random.nextInt(3);
                done.add("other engine " + foreign);
            }
            default -> option();
        }
    }

    private void put(List<Data> list, int i, String place, Data data) {
        list.set(i, data);
        done.add(place + "= " + show(data));
    }

    private static String show(Data data) {
        String values = Arrays.toString(data.values());
        return data.type()
                + data.shape()
                + (values.length() > 200 ? values.substring(0, 200) + "…" : values);
    }

    private Data spotted(Data data, double... some) {
        Data spotted = data;
        int spots = 1 + random.nextInt(2);
        for (int k = 0; k < spots && data.values().length > 0; k++) {
            spotted =
                    spotted.with(
                            random.nextInt(data.values().length),
                            some[random.nextInt(some.length)]);
        }
        return spotted;
    }

    private Data reshaped(Data data) {
        Shape shape = data.shape();
        Shape other =
                switch (random.nextInt(4)) {
                    case 0 -> new Shape(1).addAll(shape);
                    case 1 -> shape.add(1);
                    case 2 -> new Shape(shape.size());
                    default -> {
                        long[] reversed = shape.getShape().clone();
                        for (int i = 0; i < reversed.length; i++) {
                            reversed[i] = shape.get(reversed.length - 1 - i);
                        }
                        yield new Shape(reversed);
                    }
                };
        return new Data(data.type(), other, data.values());
    }

    private Data resized(Data data) {
        int rank = data.shape().dimension();
        if (rank == 0) {
            return new Data(
                    data.type(), new Shape(2), new double[] {data.values()[0], data.values()[0]});
        }
        int axis = random.nextInt(rank);
        int size = (int) data.shape().get(axis);
        if (size == 0) {
            return data;
        }
        int[] positions =
                switch (random.nextInt(4)) {
                    case 0 -> new int[0];
                    case 1 -> new int[] {0};
                    case 2 -> IntStream.range(0, Math.max(0, size - 1)).toArray();
                    default -> IntStream.rangeClosed(0, size).map(i -> i % size).toArray();
                };
        return data.take(axis, positions);
    }

    private void option() {
        if (GoldenRow.of(subject.type()).isEmpty()) {
            return;
        }
        Object builder = Catalogue.builder(subject.type());
        List<Method> all = new ArrayList<>(Catalogue.ownOptions(subject.type()));
        for (String common :
                new String[] {
                    "optReduction",
                    "optValidation",
                    "optEmptyPolicy",
                    "optSampleWeighting",
                    "optLabelGradient"
                }) {
            Method method = Catalogue.method(builder, common);
            if (method != null) {
                all.add(method);
            }
        }
        Method option = all.get(random.nextInt(all.size()));
        if (option.getParameterCount() != 1) {
            return;
        }
        JsonElement value = value(option.getParameterTypes()[0]);
        if (value != null) {
            options.add(Catalogue.option(option), value);
            done.add(Catalogue.option(option) + " = " + value);
        }
    }

    private @Nullable JsonElement value(Class<?> type) {
        JsonArray some = new JsonArray();
        if (type == double.class || type == float.class) {
            some.add(Double.toString(SPECIAL[random.nextInt(SPECIAL.length)]));
        } else if (type == int.class) {
            some.add(new int[] {-1, 0, 1, 2, 7, Integer.MIN_VALUE}[random.nextInt(6)]);
        } else if (type == long.class) {
            some.add(new long[] {-1, 0, 1, 2, Long.MAX_VALUE, Long.MIN_VALUE}[random.nextInt(6)]);
        } else if (type == boolean.class) {
            some.add(random.nextBoolean());
        } else if (type.isEnum()) {
            Object[] constants = type.getEnumConstants();
            some.add(constants[random.nextInt(constants.length)].toString());
        } else if (type.getSimpleName().equals("Reduction")) {
            some.add(new String[] {"NONE", "SUM", "MEAN", "BATCH_MEAN"}[random.nextInt(4)]);
        } else if (type == double[].class) {
            int size = random.nextInt(6);
            for (int i = 0; i < size; i++) {
                some.add(
                        random.nextInt(4) == 0
                                ? Double.toString(SPECIAL[random.nextInt(SPECIAL.length)])
                                : "0.75");
            }
            return some;
        } else {
            return null;
        }
        return some.get(0);
    }

    // ------------------------------------------------------------------ judging

    /** A number, or the message of a rejection. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Result(
            @Nullable String rejection, double[] value, List<double[]> gradients, String shape) {}

    private @Nullable String fault(Map<String, Integer> outcomes) {
        DataType type = random.nextBoolean() ? DataType.FLOAT64 : DataType.FLOAT32;
        List<Result> results = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (String engine : Outcome.engines()) {
            for (Reading reading : List.of(Reading.FORMULA, Reading.CLOSED_FORM, Reading.SCRIPT)) {
                names.add(engine + " " + reading + " " + type);
                results.add(result(engine, reading, type));
            }
        }
        Result first = results.get(0);
        outcomes.merge(
                first.rejection != null
                        ? "rejected"
                        : Arrays.stream(first.value).allMatch(Double::isFinite)
                                ? "finite"
                                : "not finite",
                1,
                Integer::sum);
        for (int i = 0; i < results.size(); i++) {
            String difference = difference(first, results.get(i), type);
            if (difference != null) {
                return names.get(0) + " against " + names.get(i) + ": " + difference;
            }
        }
        return null;
    }

    private @Nullable String difference(Result expected, Result actual, DataType type) {
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
        List<Data> inputs = new ArrayList<>(labels);
        inputs.addAll(predictions);
        if (inputs.stream().anyMatch(FuzzProgram::isHuge)) {
            return null; // what cancels or overflows depends on the order of additions
        }
        boolean narrow =
                type == DataType.FLOAT32
                        || inputs.stream().anyMatch(data -> data.type().matches("float\\d.*"));
        double rtol = narrow ? 2e-4 : 1e-9;
        String difference = Outcome.difference(expected.value, actual.value, rtol, rtol);
        if (difference != null) {
            return "value " + difference;
        }
        if (!Arrays.stream(expected.value).allMatch(Double::isFinite)) {
            return null; // the gradient of what is not finite is anything
        }
        for (int i = 0; i < expected.gradients.size(); i++) {
            difference =
                    Outcome.difference(
                            expected.gradients.get(i), actual.gradients.get(i), rtol, rtol);
            if (difference != null) {
                return "gradient " + i + difference;
            }
        }
        return null;
    }

    private static boolean isHuge(Data data) {
        return Arrays.stream(data.values())
                .anyMatch(value -> Double.isFinite(value) && Math.abs(value) > 1e5);
    }

    private Result result(String engine, Reading reading, DataType type) {
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
                                : Catalogue.build(subject.type(), options, reading);
            } catch (IllegalArgumentException e) {
                return rejected(e, subject.type().getSimpleName());
            }
            NDList y = arrays(labels, manager, strange, 0, type);
            NDList x = arrays(predictions, manager, strange, labels.size(), type);
            for (NDArray array : x) {
                if (isWide(array)) {
                    array.setRequiresGradient(true);
                }
            }
            try (GradientCollector collector = named.newGradientCollector()) {
                NDArray value = loss.evaluate(y, x);
                if (value.size() > 0) {
                    collector.backward(Nd.sum(value.mul(ramp(value))));
                }
                List<double[]> gradients = new ArrayList<>();
                for (NDArray array : x) {
                    if (isWide(array)) {
                        gradients.add(Nd.toDoubles(array.getGradient()));
                    }
                }
                return new Result(
                        null, Nd.toDoubles(value), gradients, value.getShape().toString());
            } catch (IllegalArgumentException e) {
                return rejected(e, loss.getName());
            }
        }
    }

    private static boolean isWide(NDArray array) {
        return array.getDataType() == DataType.FLOAT32 || array.getDataType() == DataType.FLOAT64;
    }

    /** Factors on unreduced values, so that gradients do not cancel. */
    private static NDArray ramp(NDArray value) {
        double[] factors =
                IntStream.range(0, (int) value.size()).mapToDouble(i -> 1 + i % 7 / 8.0).toArray();
        return Nd.create(value.getManager(), factors, value.getShape(), value.getDataType());
    }

    private Result rejected(IllegalArgumentException e, String loss) {
        String message = String.valueOf(e.getMessage());
        // Losses made of others let these speak.
        boolean composite = List.of("MultiLabelLoss", "WeightedSumLoss").contains(loss);
        if (!message.startsWith(loss + ": ")
                && !(composite && message.matches("(?s)[A-Z][A-Za-z0-9]*Loss: .*"))) {
            throw e;
        }
        return new Result(message, new double[0], List.of(), "");
    }

    private NDList arrays(
            List<Data> data, NDManager manager, NDManager strange, int offset, DataType type) {
        NDList list = new NDList();
        for (int i = 0; i < data.size(); i++) {
            list.add(array(data.get(i), offset + i == foreign ? strange : manager, type));
        }
        return list;
    }

    private static NDArray array(Data data, NDManager manager, DataType type) {
        String name = data.type();
        if (!name.startsWith("float")) {
            return data.array(manager, type);
        }
        DataType exact =
                name.equals("float") ? type : DataType.valueOf(name.toUpperCase(Locale.ROOT));
        if (exact == DataType.FLOAT16) {
            return Nd.create(manager, data.values(), data.shape(), DataType.FLOAT32)
                    .toType(exact, false);
        }
        return Nd.create(manager, data.values(), data.shape(), exact);
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return subject + " " + options + " " + String.join("; ", done);
    }
}
