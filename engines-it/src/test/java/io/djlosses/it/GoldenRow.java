/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.types.Shape;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A row of a golden file; {@code golden.py} tells what the members mean.
 *
 * @param loss the simple name of the class
 * @param id the name of the row in its file
 * @param options the options of the builder
 * @param labels the labels
 * @param predictions the predictions
 * @param value the expected value
 * @param head the factors on an unreduced value whose sum has the gradients
 * @param gradients the expected gradients, null where not compared
 * @param json the whole row
 */
record GoldenRow(
        String loss,
        String id,
        JsonObject options,
        List<Data> labels,
        List<Data> predictions,
        Data value,
        @Nullable Data head,
        List<@Nullable Data> gradients,
        JsonObject json) {

    private static final Map<String, List<GoldenRow>> FILES = read();

    /** Returns the rows of every file, by loss. */
    static Map<String, List<GoldenRow>> files() {
        return FILES;
    }

    /** Returns the rows of one loss, none if it has no file. */
    static List<GoldenRow> of(Class<?> loss) {
        return FILES.getOrDefault(loss.getSimpleName(), List.of());
    }

    /** Returns some of the seeds, spread over all of them, or all where there is time. */
    static List<GoldenRow> some(Class<?> loss, int most) {
        return some(seeds(loss), most);
    }

    /** Returns some of several rows, spread over all of them, or all where there is time. */
    static List<GoldenRow> some(List<GoldenRow> rows, int most) {
        int count = Subject.NIGHTLY ? rows.size() : Math.min(most, rows.size());
        return IntStream.range(0, count).mapToObj(i -> rows.get(i * rows.size() / count)).toList();
    }

    /**
     * Returns one row for each set of inputs and options but the reduction: the seeds of property
     * tests. Inputs that are empty or not finite are left out.
     */
    static List<GoldenRow> seeds(Class<?> loss) {
        Map<String, GoldenRow> seeds = new LinkedHashMap<>();
        for (GoldenRow row : of(loss)) {
            boolean regular =
                    Stream.concat(row.labels.stream(), row.predictions.stream())
                            .allMatch(data -> data.values().length > 0 && data.isFinite());
            if (regular && row.value.isFinite()) {
                JsonObject options = row.options.deepCopy();
                options.remove("reduction");
                String key = options + "" + row.json.get("labels") + row.json.get("predictions");
                seeds.putIfAbsent(key, row);
            }
        }
        return List.copyOf(seeds.values());
    }

    private static Map<String, List<GoldenRow>> read() {
        Map<String, List<GoldenRow>> files = new LinkedHashMap<>();
        try {
            Path folder =
                    Path.of(Objects.requireNonNull(GoldenRow.class.getResource("/golden")).toURI());
            List<Path> paths;
            try (Stream<Path> list = Files.list(folder)) {
                paths = list.filter(path -> path.toString().endsWith(".json")).sorted().toList();
            }
            for (Path path : paths) {
                JsonObject file = JsonParser.parseString(Files.readString(path)).getAsJsonObject();
                List<GoldenRow> rows = new ArrayList<>();
                for (JsonElement row : file.getAsJsonArray("cases")) {
                    rows.add(of(file.get("loss").getAsString(), row.getAsJsonObject()));
                }
                files.put(file.get("loss").getAsString(), List.copyOf(rows));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        return files;
    }

    private static GoldenRow of(String loss, JsonObject json) {
        List<@Nullable Data> gradients = new ArrayList<>();
        for (JsonElement gradient : json.getAsJsonArray("gradients")) {
            gradients.add(gradient.isJsonNull() ? null : Data.of(gradient));
        }
        return new GoldenRow(
                loss,
                json.get("id").getAsString(),
                json.getAsJsonObject("options"),
                list(json, "labels"),
                list(json, "predictions"),
                Data.of(json.get("value")),
                json.has("head") ? Data.of(json.get("head")) : null,
                gradients,
                json);
    }

    private static List<Data> list(JsonObject json, String member) {
        List<Data> list = new ArrayList<>();
        json.getAsJsonArray(member).forEach(element -> list.add(Data.of(element)));
        return list;
    }

    /** Returns a row of inputs alone. */
    static GoldenRow of(List<Data> labels, List<Data> predictions) {
        JsonObject nothing = new JsonObject();
        Data value = new Data("float", new Shape(), new double[1]);
        return new GoldenRow("", "", nothing, labels, predictions, value, null, List.of(), nothing);
    }

    /** Returns the options with another reduction, or with the default one. */
    JsonObject optionsWith(@Nullable String reduction) {
        JsonObject changed = options.deepCopy();
        changed.remove("reduction");
        if (reduction != null) {
            changed.addProperty("reduction", reduction);
        }
        return changed;
    }

    /** Returns the row with other inputs; what it expected is of no use then. */
    GoldenRow with(List<Data> newLabels, List<Data> newPredictions) {
        return new GoldenRow(
                loss, id, options, newLabels, newPredictions, value, head, gradients, json);
    }

    boolean has(String option) {
        return options.has(option);
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return loss + "/" + id;
    }
}
