/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.types.Shape;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Good inputs of a loss that are spoilt at random, together with how their arrays are made. */
final class FuzzCase {

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
        -1e-40,
        1e-30,
        3e38,
        1e200,
        100,
        -100
    };

    private static final double[] INDICES = {
        -1, -100, -7, 0, 1, 2, 3, 5, 97, 1_000_000, 1L << 40, -(1L << 40), 0.5, Double.NaN
    };

    private static final double[] WEIGHTS = {0, 1, 1, 0.5, 2, 1e-3};

    private static final String[] TYPES = {
        "float", "int64", "int32", "uint8", "int8", "float16", "float32", "float64", "boolean"
    };

    private static final String[] WEIGHTINGS = {"MEAN_BY_COUNT", "MEAN_BY_WEIGHT", "MASK"};

    private final Random random;
    private final Subject subject;
    private final JsonObject options;
    private final List<Data> labels;
    private final List<Data> predictions;
    private final List<String> done = new ArrayList<>();
    private int foreign = -1;
    private Layout layout = Layout.PLAIN;
    private boolean named;

    private FuzzCase(Subject subject, Random random) {
        this.subject = subject;
        this.random = random;
        options = subject.row().options().deepCopy();
        labels = new ArrayList<>(subject.row().labels());
        predictions = new ArrayList<>(subject.row().predictions());
    }

    /** Makes a case of one of the good inputs, spoilt one to three times. */
    static FuzzCase of(List<Subject> subjects, Random random) {
        FuzzCase made = new FuzzCase(subjects.get(random.nextInt(subjects.size())), random);
        int times = 1 + random.nextInt(3);
        for (int k = 0; k < times; k++) {
            made.spoil();
        }
        return made;
    }

    Subject subject() {
        return subject;
    }

    JsonObject options() {
        return options;
    }

    List<Data> labels() {
        return labels;
    }

    List<Data> predictions() {
        return predictions;
    }

    /** Which array, counted from the first label, belongs to another engine; −1 for none. */
    int foreign() {
        return foreign;
    }

    /** How the arrays lie in memory. */
    Layout layout() {
        return layout;
    }

    /** Whether the arrays have names. */
    boolean isNamed() {
        return named;
    }

    private void spoil() {
        List<Data> list = random.nextInt(3) == 0 || labels.isEmpty() ? predictions : labels;
        String name = list == labels ? "labels" : "predictions";
        int i = list.isEmpty() ? -1 : random.nextInt(list.size());
        int what = random.nextInt(21);
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
                int size = random.nextInt(9) - 4;
                double factor = Math.pow(10, random.nextInt(4) == 0 ? 4 * size : size);
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
            case 14, 15 -> {
                List<Layout> layouts = List.of(Layout.values());
                layout = layouts.get(random.nextInt(layouts.size()));
                done.add("layout " + layout);
                if (layout == Layout.EXPANDED) {
                    labels.replaceAll(FuzzCase::withEqualRows);
                    predictions.replaceAll(FuzzCase::withEqualRows);
                }
            }
            case 16 -> {
                named = true;
                done.add("named");
            }
            case 17 -> weights();
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

    private static Data withEqualRows(Data data) {
        return data.values().length == 0 || data.shape().dimension() == 0
                ? data
                : data.take(0, new int[Math.toIntExact(data.shape().get(0))]);
    }

    /** Sample weights for the leading axes of the first prediction. */
    private void weights() {
        if (predictions.isEmpty() || GoldenRow.of(subject.type()).isEmpty()) {
            return;
        }
        Shape shape = predictions.get(0).shape();
        Shape some = shape.slice(0, random.nextInt(shape.dimension() + 1));
        String type = random.nextInt(3) == 0 ? "boolean" : "float";
        double[] values =
                random.doubles(some.size())
                        .map(x -> WEIGHTS[(int) (x * (type.equals("float") ? WEIGHTS.length : 2))])
                        .toArray();
        options.addProperty("sampleWeighting", WEIGHTINGS[random.nextInt(WEIGHTINGS.length)]);
        labels.add(new Data(type, some, values));
        done.add(
                "weights "
                        + options.get("sampleWeighting")
                        + " = "
                        + show(labels.get(labels.size() - 1)));
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

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return subject + " " + options + " " + String.join("; ", done);
    }
}
