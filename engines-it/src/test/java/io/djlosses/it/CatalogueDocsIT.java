/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.fail;

import ai.djl.training.loss.Loss;

import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Trait;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code CATALOGUE.md}, the README and the Javadoc tell the same of every loss. */
public class CatalogueDocsIT {

    private static final Path ROOT = Path.of("..");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern LINK = Pattern.compile("\\]\\((https?://[^)\\s]+)\\)");
    private static final Pattern SEE =
            Pattern.compile("@see <a href=\"([^\"]+)\">([^,<]+)[^<]*</a>");

    private static final String DRAW = "mvn -q -Prun -Dargs=\"curves --out examples/curves\"";

    /** The columns of a table, of which the last three are formula, paper and differences. */
    private static final List<String> HEAD =
            List.of(
                    "loss",
                    "PyTorch",
                    "MindSpore",
                    "Gluon",
                    "Keras",
                    "formula",
                    "paper",
                    "differences");

    /** Where the libraries have what a row names, as the Javadoc writes it. */
    private static final Map<String, List<String>> PACKAGES =
            Map.of(
                    "PyTorch",
                    List.of("torch.nn.", "torch.nn.functional.", "torch.", "torchvision.ops."),
                    "MindSpore",
                    List.of("mindspore.nn.", "mindspore.ops.", "mindspore."));

    /**
     * A row of the catalogue.
     *
     * @param section the heading above it
     * @param cells its cells, by column
     */
    private record Row(String section, Map<String, String> cells) {

        String get(String column) {
            return cells.getOrDefault(column, "");
        }
    }

    @DataProvider
    public Object[][] losses() {
        return Catalogue.losses().stream()
                .map(loss -> new Object[] {loss})
                .toArray(Object[][]::new);
    }

    private static String read(Path file) {
        try {
            return Files.readString(ROOT.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        String section = "";
        List<String> head = List.of();
        for (String line : read(Path.of("CATALOGUE.md")).lines().toList()) {
            if (line.startsWith("## ")) {
                section = line;
                head = List.of();
            } else if (line.startsWith("| ") && head.isEmpty()) {
                head = cells(line);
                assertEquals(head, HEAD, "the columns under " + section);
            } else if (line.startsWith("| ")) {
                List<String> cells = cells(line);
                assertEquals(cells.size(), head.size(), "the cells of " + line);
                Map<String, String> row = new LinkedHashMap<>();
                for (int i = 0; i < head.size(); i++) {
                    row.put(head.get(i), cells.get(i));
                }
                rows.add(new Row(section, row));
            }
        }
        return rows;
    }

    private static List<String> cells(String line) {
        String inner = line.strip().replaceAll("^\\||\\|$", "");
        return Pattern.compile("(?<!\\\\)\\|")
                .splitAsStream(inner + " ")
                .map(String::strip)
                .toList();
    }

    private static List<Row> rowsOf(Class<? extends Loss> loss) {
        String name = "`" + loss.getSimpleName() + "`";
        return rows().stream().filter(row -> row.get("loss").equals(name)).toList();
    }

    /** The comment of a class as running text. */
    private static String javadoc(Class<? extends Loss> loss) {
        Path source =
                Path.of("losses", "src", "main", "java")
                        .resolve(loss.getName().replace('.', '/') + ".java");
        String text = read(source);
        int declaration = text.indexOf("\npublic final class " + loss.getSimpleName());
        return text.substring(text.indexOf("/**"), declaration)
                .replaceAll("\\s*\\n \\*\\s*", " ")
                .replaceAll("\\s+", " ");
    }

    // ------------------------------------------------------------------ rows

    @Test(dataProvider = "losses")
    public void itHasOneRowInItsSection(Class<? extends Loss> loss) {
        List<Row> rows = rowsOf(loss);
        String section = "`" + loss.getPackageName() + "`";
        boolean right = rows.size() == 1 && rows.get(0).section().contains(section);
        if (!right) {
            fail(
                    "CATALOGUE.md has "
                            + rows.stream().map(row -> "a row under " + row.section()).toList()
                            + ", but needs one under the heading with "
                            + section
                            + ", to paste and complete:\n"
                            + line(loss));
        }
    }

    @Test
    public void everyRowIsOfALoss() {
        Set<String> names = new TreeSet<>();
        rows().forEach(row -> names.add(row.get("loss")));
        Catalogue.losses().forEach(loss -> names.remove("`" + loss.getSimpleName() + "`"));
        assertEquals(names.toString(), "[]", "rows of CATALOGUE.md without a loss");
    }

    /** Writes a row by what the Javadoc tells. */
    private static String line(Class<? extends Loss> loss) {
        String text = javadoc(loss);
        Matcher paper = SEE.matcher(text);
        return "| `"
                + loss.getSimpleName()
                + "` | "
                + named(text, "torch\\.nn\\.(\\w+)")
                + " | "
                + named(text, "mindspore\\.(?:nn|ops)\\.(\\w+)")
                + " | "
                + named(text, "mxnet\\.gluon\\.loss\\.(\\w+)")
                + " | "
                + named(text, "keras\\.losses\\.(\\w+)")
                + " | $…$ | "
                + (paper.find() ? "[" + paper.group(2).strip() + "](" + paper.group(1) + ") " : "")
                + "| |";
    }

    private static String named(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        return matcher.find() ? "`" + matcher.group(1) + "`" : "—";
    }

    // ------------------------------------------------------------------ what a row and Javadoc
    // tell

    @Test(dataProvider = "losses")
    public void theJavadocNamesTheEquivalents(Class<? extends Loss> loss) {
        String text = javadoc(loss);
        List<String> missing = new ArrayList<>();
        for (Row row : rowsOf(loss)) {
            for (String library : List.of("PyTorch", "MindSpore")) {
                Matcher names = CODE.matcher(row.get(library));
                while (names.find()) {
                    String name = names.group(1);
                    boolean told =
                            name.matches("\\w+")
                                    ? PACKAGES.getOrDefault(library, List.of()).stream()
                                            .anyMatch(part -> contains(text, part + name))
                                    : text.contains("{@code " + name + "}")
                                            && text.contains(library);
                    if (!told) {
                        missing.add(library + "'s " + name);
                    }
                }
            }
        }
        assertEquals(
                String.join(", ", missing), "", "to be named in the Javadoc of " + loss.getName());
    }

    private static boolean contains(String text, String name) {
        return Pattern.compile("\\b" + Pattern.quote(name) + "\\b").matcher(text).find();
    }

    @Test(dataProvider = "losses")
    public void rowAndJavadocLinkTheSamePaper(Class<? extends Loss> loss) {
        Set<String> inJavadoc = new TreeSet<>();
        Matcher see = SEE.matcher(javadoc(loss));
        while (see.find()) {
            inJavadoc.add(see.group(1));
        }
        Set<String> inRow = new TreeSet<>();
        for (Row row : rowsOf(loss)) {
            Matcher link = LINK.matcher(row.get("paper"));
            while (link.find()) {
                inRow.add(link.group(1));
            }
        }
        assertEquals(
                inRow.toString(),
                inJavadoc.toString(),
                "links of " + loss.getSimpleName() + " in CATALOGUE.md, and in its Javadoc");
    }

    // ------------------------------------------------------------------ the README

    @Test(dataProvider = "losses")
    public void aTableOfTheReadmeNamesIt(Class<? extends Loss> loss) {
        String name = "`" + loss.getSimpleName() + "`";
        boolean named =
                read(Path.of("README.md"))
                        .lines()
                        .anyMatch(line -> line.startsWith("| ") && line.contains(name));
        assertTrue(named, "README.md names " + name + " in no row of its table \"Choose a loss\"");
    }

    /** What {@code ThreadsIT} and {@code OperatorsAtOnceIT} find in engines concerns all models. */
    @Test
    public void hazardsOfEnginesAreTold() {
        String readme = read(Path.of("README.md"));
        String nd = read(Path.of("api/src/main/java/io/djlosses/nd/Nd.java"));
        for (String told : List.of("garbage collection", "MXNET_CPU_WORKER_NTHREADS")) {
            assertTrue(readme.contains(told), "README.md tells of " + told);
        }
        assertTrue(nd.contains("x.mul(2f)"), "Nd tells of numbers in Java memory");
    }

    @Test
    public void countsAreThoseOfTheCode() {
        int losses = Catalogue.losses().size();
        int withRows = Catalogue.withRows().size();
        long merging =
                Catalogue.withRows().stream()
                        .filter(loss -> !Declarations.of(loss).has(Trait.WHOLE_BATCH))
                        .count();
        int tasks = Task.all().size();
        Map<String, List<String>> expected =
                Map.of(
                        "README.md",
                        List.of("lists all " + losses + " losses"),
                        "CHANGELOG.md",
                        List.of("- " + losses + " losses: "),
                        "engines-it/README.md",
                        List.of(
                                String.format(
                                        Locale.ROOT,
                                        "%d tasks × 2 engines × 10 epochs: %,d epochs,"
                                                + " %,d validations",
                                        tasks,
                                        20 * tasks,
                                        20 * tasks),
                                "| " + merging + " losses × 2 engines",
                                "every row of " + withRows + " losses on PyTorch",
                                withRows + " losses × 10 rounds",
                                "every row of " + withRows + " losses × 2 engines"));
        List<String> wrong = new ArrayList<>();
        expected.forEach(
                (file, texts) -> {
                    for (String text : texts) {
                        if (!read(Path.of(file)).contains(text)) {
                            wrong.add(correction(file, text));
                        }
                    }
                });
        if (!wrong.isEmpty()) {
            fail(
                    "numbers in the documents; at the root of the repository, run\n"
                            + String.join("\n", wrong));
        }
    }

    /** Writes the command that corrects the numbers of a text. */
    private static String correction(String file, String text) {
        String numbers = "\\\\E\\\\d[\\\\d,]*\\\\Q";
        String anyNumbers = "\\Q" + text.replaceAll("\\d[\\d,]*", numbers) + "\\E";
        Matcher now = Pattern.compile(anyNumbers).matcher(read(Path.of(file)));
        return now.find()
                ? "perl -pi -e 's/\\Q" + now.group() + "\\E/" + text + "/' " + file
                : "(by hand) " + file + " must say: " + text;
    }

    // ------------------------------------------------------------------ the gallery

    /** The gallery shows what the command draws. */
    @Test
    public void everyCurveIsInTheGallery() {
        String catalogue = read(Path.of("CATALOGUE.md"));
        List<String> wrong = new ArrayList<>();
        for (Declaration loss : Declarations.all()) {
            String file = "examples/curves/" + loss + ".png";
            String line = "![Value and gradient of " + loss + "](" + file + ")";
            boolean drawn = loss.curve().isPresent();
            if (catalogue.contains(line) != drawn) {
                wrong.add("CATALOGUE.md, line to " + (drawn ? "paste: " : "remove: ") + line);
            }
            if (Files.exists(ROOT.resolve(file)) != drawn) {
                wrong.add(
                        drawn
                                ? "to draw " + file + ": " + DRAW
                                : "a picture of what has no curve: " + file);
            }
        }
        if (!wrong.isEmpty()) {
            fail("the gallery\n" + String.join("\n", wrong));
        }
    }
}
