/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/**
 * A text as numbers of words.
 *
 * @param vocabulary the words by falling frequency; the last stands for all that are not listed
 * @param words the place in the vocabulary of each word of the text
 */
public record Text(List<String> vocabulary, List<Integer> words) {

    private static final Pattern WORD = Pattern.compile("[a-z]+('[a-z]+)?");
    private static final String UNKNOWN = "?";

    /**
     * Reads "Alice's Adventures in Wonderland".
     *
     * @param known the share of the text whose words make the vocabulary
     * @return the text
     */
    public static Text alice(double known) {
        List<String> all;
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(
                                new GZIPInputStream(
                                        Objects.requireNonNull(
                                                Text.class.getResourceAsStream(
                                                        "/io/djlosses/examples/data/alice.txt.gz"))),
                                StandardCharsets.US_ASCII))) {
            String text = reader.lines().collect(Collectors.joining(" ")).toLowerCase(Locale.ROOT);
            all = WORD.matcher(text).results().map(MatchResult::group).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, Long> counts =
                all.stream()
                        .limit((long) (all.size() * known))
                        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        List<String> vocabulary =
                new ArrayList<>(
                        counts.keySet().stream()
                                .sorted(
                                        Comparator.comparing(
                                                        (String word) ->
                                                                -counts.getOrDefault(word, 0L))
                                                .thenComparing(Comparator.naturalOrder()))
                                .toList());
        vocabulary.add(UNKNOWN);
        Map<String, Integer> places = new HashMap<>();
        for (String word : vocabulary) {
            places.put(word, places.size());
        }
        int unknown = vocabulary.size() - 1;
        return new Text(
                vocabulary, all.stream().map(w -> places.getOrDefault(w, unknown)).toList());
    }
}
