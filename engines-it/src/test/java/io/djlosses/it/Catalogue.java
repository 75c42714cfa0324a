/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import io.djlosses.Losses;
import io.djlosses.api.Choice;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The losses that there are, found on the class path, and their builders, by reflection. */
final class Catalogue {

    private static final List<Class<? extends Loss>> LOSSES = find();

    private Catalogue() {}

    /** Returns every public class of the library that makes a loss. */
    static List<Class<? extends Loss>> losses() {
        return LOSSES;
    }

    /** Returns every engine with every loss that has golden rows, for a data provider. */
    static Object[][] onEveryEngine() {
        List<Object[]> pairs = new ArrayList<>();
        for (Class<? extends Loss> loss : withRows()) {
            for (String engine : Outcome.engines()) {
                pairs.add(new Object[] {engine, loss});
            }
        }
        return pairs.toArray(Object[][]::new);
    }

    /** Returns every loss that has golden rows, for a data provider. */
    static Object[][] each() {
        return withRows().stream().map(loss -> new Object[] {loss}).toArray(Object[][]::new);
    }

    /**
     * Returns the losses that golden rows can be computed with, or those of them that the system
     * property {@code djlosses.loss} lists.
     */
    static List<Class<? extends Loss>> withRows() {
        List<String> chosen = List.of(System.getProperty("djlosses.loss", "").split(","));
        return LOSSES.stream()
                .filter(loss -> chosen.equals(List.of("")) || chosen.contains(loss.getSimpleName()))
                .filter(loss -> !GoldenRow.of(loss).isEmpty())
                .toList();
    }

    private static List<Class<? extends Loss>> find() {
        try {
            Path root =
                    Path.of(
                            Losses.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
            if (Files.isDirectory(root)) {
                return find(root);
            }
            try (FileSystem jar = FileSystems.newFileSystem(root, (ClassLoader) null)) {
                return find(jar.getPath("/"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Class<? extends Loss>> find(Path root) throws IOException {
        List<String> names;
        try (Stream<Path> paths = Files.walk(root)) {
            names =
                    paths.map(
                                    path ->
                                            root.relativize(path)
                                                    .toString()
                                                    .replace(File.separatorChar, '/'))
                            .filter(path -> path.matches("io/djlosses/.*/[^/$-]+\\.class"))
                            .map(path -> path.substring(0, path.length() - 6).replace('/', '.'))
                            .sorted()
                            .toList();
        }
        List<Class<? extends Loss>> losses = new ArrayList<>();
        for (String name : names) {
            Class<?> type = load(name);
            if (Loss.class.isAssignableFrom(type)
                    && Modifier.isPublic(type.getModifiers())
                    && !Modifier.isAbstract(type.getModifiers())) {
                losses.add(type.asSubclass(Loss.class));
            }
        }
        return List.copyOf(losses);
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    // ------------------------------------------------------------------ builders

    /** Builds a loss with options as JSON, and a reading where the loss has the choice. */
    static Loss build(Class<?> loss, JsonObject options, @Nullable Choice reading) {
        Object builder = builder(loss, options);
        if (reading != null && builder instanceof LossBuilder<?, ?> template) {
            reading.on(template);
        }
        return build(builder);
    }

    static Loss build(Object builder) {
        return (Loss) made(builder);
    }

    /** Builds anything that has a builder. */
    static Object make(Class<?> type, JsonObject options) {
        return made(builder(type, options));
    }

    private static Object made(Object builder) {
        return call(required(method(builder, "build"), builder, "build"), builder);
    }

    static Object builder(Class<?> loss) {
        try {
            return call(loss.getMethod("builder"), null);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(loss + " has no builder()", e);
        }
    }

    static Object builder(Class<?> loss, JsonObject options) {
        Object builder = builder(loss);
        for (Map.Entry<String, JsonElement> option : options.entrySet()) {
            set(builder, option.getKey(), option.getValue());
        }
        return builder;
    }

    static boolean hasBuilder(Class<?> loss) {
        return Arrays.stream(loss.getMethods()).anyMatch(m -> m.getName().equals("builder"));
    }

    /** Returns the options that the builder of a loss declares itself, beside the common ones. */
    static List<Method> ownOptions(Class<?> loss) {
        return Arrays.stream(builder(loss).getClass().getMethods())
                .filter(m -> m.getDeclaringClass() != LossBuilder.class && !m.isBridge())
                .filter(m -> m.getName().matches("(opt|set)[A-Z].*"))
                .sorted((a, b) -> a.toString().compareTo(b.toString()))
                .toList();
    }

    /** Returns the name of the option that a method of a builder sets. */
    static String option(Method method) {
        String name = method.getName().substring(3);
        return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    static @Nullable Method method(Object builder, String name) {
        return Arrays.stream(builder.getClass().getMethods())
                .filter(m -> m.getName().equals(name) && !m.isBridge())
                .min(Comparator.comparing(Method::getParameterCount))
                .orElse(null);
    }

    private static Method required(@Nullable Method method, Object builder, String name) {
        if (method == null) {
            throw new IllegalStateException(builder.getClass().getName() + " lacks " + name);
        }
        return method;
    }

    private static void set(Object builder, String option, JsonElement value) {
        String name = option.substring(0, 1).toUpperCase(Locale.ROOT) + option.substring(1);
        // An option may also take its value in several parts, such as an array and its shape.
        int parts = value.isJsonObject() ? value.getAsJsonObject().size() : 1;
        Method setter =
                Arrays.stream(builder.getClass().getMethods())
                        .filter(m -> m.getName().matches("(opt|set)" + name) && !m.isBridge())
                        .min(Comparator.comparing(m -> m.getParameterCount() != parts))
                        .orElse(null);
        required(setter, builder, "opt" + name);
        Class<?>[] types = setter.getParameterTypes();
        Object[] arguments = new Object[types.length];
        if (types.length == 1) {
            arguments[0] = convert(value, types[0]);
        } else {
            // An option of several parts: a member for each parameter.
            for (int i = 0; i < types.length; i++) {
                String part = setter.getParameters()[i].getName();
                arguments[i] = convert(value.getAsJsonObject().get(part), types[i]);
            }
        }
        call(setter, builder, arguments);
    }

    /** Calls by reflection as Java would: what is thrown comes through. */
    static Object call(Method method, @Nullable Object target, Object... arguments) {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object convert(JsonElement value, Class<?> type) {
        if (type.isArray()) {
            JsonArray items = new JsonArray();
            if (value.isJsonArray()) {
                items = value.getAsJsonArray();
            } else {
                items.add(value);
            }
            Object array = Array.newInstance(type.getComponentType(), items.size());
            for (int i = 0; i < items.size(); i++) {
                Array.set(array, i, convert(items.get(i), type.getComponentType()));
            }
            return array;
        }
        if (type == Shape.class) {
            return new Shape((long[]) convert(value, long[].class));
        }
        if (type.isRecord()) {
            return record(value.getAsJsonObject(), type);
        }
        String text = value.getAsString();
        if (type == boolean.class) {
            return Boolean.parseBoolean(text);
        } else if (type == int.class) {
            return Integer.parseInt(text);
        } else if (type == long.class) {
            return Long.parseLong(text);
        } else if (type == float.class) {
            return Float.parseFloat(text);
        } else if (type == double.class) {
            return Double.parseDouble(text);
        } else if (type == String.class) {
            return text;
        } else if (type == Reduction.class) {
            return Reduction.valueOf(text);
        } else if (type == DataType.class) {
            return DataType.valueOf(text.toUpperCase(Locale.ROOT));
        } else if (type.isEnum()) {
            for (Object constant : type.getEnumConstants()) {
                if (constant.toString().equalsIgnoreCase(text)) {
                    return constant;
                }
            }
        }
        throw new IllegalStateException("cannot make a " + type.getName() + " of " + value);
    }

    private static Object record(JsonObject value, Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] parts = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            parts[i] = convert(value.get(components[i].getName()), types[i]);
        }
        try {
            return type.getConstructor(types).newInstance(parts);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
