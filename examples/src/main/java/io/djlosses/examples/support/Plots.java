/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** Charts of one look, written as PNG. */
public final class Plots {

    /** Colors that are told apart by color-blind readers too (Okabe, Ito 2008). */
    private static final Color[] COLORS = {
        new Color(0x0072B2),
        new Color(0xD55E00),
        new Color(0x009E73),
        new Color(0xCC79A7),
        new Color(0xE69F00),
        new Color(0x56B4E9),
        new Color(0x000000),
        new Color(0x999999),
        new Color(0xF0E442),
        new Color(0x8C510A),
    };

    private Plots() {}

    /**
     * Makes an empty chart.
     *
     * @param title the title
     * @param x the name of the horizontal axis
     * @param y the name of the vertical axis
     * @return the chart
     */
    public static XYChart chart(String title, String x, String y) {
        return chart(title, x, y, 720, 480);
    }

    /**
     * Makes an empty chart of a size.
     *
     * @param title the title
     * @param x the name of the horizontal axis
     * @param y the name of the vertical axis
     * @param width the width in pixels
     * @param height the height in pixels
     * @return the chart
     */
    public static XYChart chart(String title, String x, String y, int width, int height) {
        XYChart chart =
                new XYChartBuilder()
                        .width(width)
                        .height(height)
                        .title(title)
                        .xAxisTitle(x)
                        .yAxisTitle(y)
                        .build();
        chart.getStyler()
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBackgroundColor(Color.WHITE)
                .setLegendBackgroundColor(Color.WHITE)
                .setLegendPosition(LegendPosition.InsideNE)
                .setSeriesColors(COLORS)
                .setChartTitleBoxVisible(false);
        chart.getStyler().setPlotGridLinesColor(new Color(0xDDDDDD));
        chart.getStyler().setDecimalPattern("0.###");
        return chart;
    }

    /**
     * Covers a range with points that are not evenly spaced, as a chart puts its ticks at points
     * that are.
     *
     * @param from the first point
     * @param to the last point
     * @param count the number of points
     * @return the points, nearer to each other at the ends
     */
    public static double[] range(double from, double to, int count) {
        return IntStream.range(0, count)
                .mapToDouble(i -> Math.cos(Math.PI * i / (count - 1)))
                .map(cosine -> (from + to - (to - from) * cosine) / 2)
                .toArray();
    }

    /**
     * Adds a line.
     *
     * @param chart the chart
     * @param name its name in the legend
     * @param x the places on the horizontal axis
     * @param y the values
     * @return the line
     */
    public static XYSeries line(XYChart chart, String name, double[] x, double[] y) {
        XYSeries line = chart.addSeries(name, x, y);
        line.setMarker(SeriesMarkers.NONE);
        line.setLineStyle(new BasicStroke(2));
        return line;
    }

    /**
     * Adds a cloud of dots; nothing, if there are none.
     *
     * @param chart the chart
     * @param name its name in the legend
     * @param points the points, two numbers each
     */
    public static void dots(XYChart chart, String name, List<double[]> points) {
        if (!points.isEmpty()) {
            double[] x = points.stream().mapToDouble(point -> point[0]).toArray();
            double[] y = points.stream().mapToDouble(point -> point[1]).toArray();
            XYSeries dots = chart.addSeries(name, x, y);
            dots.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
            dots.setMarker(SeriesMarkers.CIRCLE);
            chart.getStyler().setMarkerSize(4);
        }
    }

    /**
     * Writes charts side by side into a PNG file.
     *
     * @param file the file
     * @param charts the charts, of one size
     */
    public static void save(Path file, XYChart... charts) {
        try (OutputStream out = Files.newOutputStream(file)) {
            BitmapEncoder.saveBitmap(List.of(charts), 1, charts.length, out, BitmapFormat.PNG);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }
}
